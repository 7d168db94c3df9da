// How fast the catalog takes a large run and a small one, and answers: prints seconds and sizes.
// Usage: catalog_bench [ITEMS [sorted|random]]; the default is a million items in order of their
// keys.
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "probackup/catalog.h"
#include "util/file.h"
#include "util/hash.h"

using namespace probackup;

namespace {

constexpr const char* words[] = {"fix",    "login", "page",  "for",    "mobile", "users", "crash",
                                 "export", "large", "table", "update", "report", "of",    "sales",
                                 "draft",  "offer", "new",   "member", "invite", "mail"};
const SourceRef source{"bench", "main"};
constexpr std::size_t directory_bytes = 1200;

struct Cost {
  double wall, cpu;  // seconds
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](timeval t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Cost cost_of(const std::function<void()>& work) {
  auto start = std::chrono::steady_clock::now();
  double cpu = cpu_seconds();
  work();
  return {std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(),
          cpu_seconds() - cpu};
}

void print(std::string_view what, Cost cost) {
  fmt::print("{:<50} {:8.3f} s, {:8.3f} s of processor\n", what, cost.wall, cost.cpu);
}

// SplitMix64: cheap, so that the making of data does not hide what is measured.
std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
  value = (value ^ value >> 27) * 0x94d049bb133111eb;
  return value ^ value >> 31;
}

std::string title_of(std::uint64_t number) {
  std::uint64_t random = mix(number);
  std::string title;
  for (int i = 0; i < 4; ++i, random >>= 8) title.append(words[random % std::size(words)]) += ' ';
  return title + std::to_string(random);
}

CatalogItem item_of(std::uint64_t number) {
  CatalogItem item;
  item.key = std::to_string(100'000'000 + number);
  item.parent_stream = "projects";
  item.parent = std::to_string(1000 + number * 2654435761 % 1000);
  item.title = title_of(number);
  item.file = static_cast<std::uint32_t>(number % 8000);
  return item;
}

std::vector<SegmentRow> segments_of(std::uint32_t file, std::size_t count, unsigned version) {
  std::vector<SegmentRow> out;
  for (std::uint32_t i = 0; i < count; ++i) {
    unsigned of = i == 0 ? version : 0;
    std::uint64_t random = mix(file * 1000 + i * 10 + of);
    std::string directory;
    while (directory.size() < directory_bytes)
      directory.append(reinterpret_cast<const char*>(&(random = mix(random))), sizeof random);
    Id blob;
    std::memcpy(blob.bytes.data(), directory.data(), sizeof blob.bytes);
    out.push_back({file, i, blob, 43, 65000, directory});
  }
  return out;
}

// `step` is prime to `items`: 1 for the order of keys, a large one for no order at all.
void add_all(Catalog& catalog, std::uint64_t items, std::uint64_t step) {
  auto update = catalog.begin_update(source);
  print("  put_item", cost_of([&] {
          for (std::uint64_t i = 0; i < items; ++i)
            update->put_item("issues", Change::added, item_of(i * step % items), "");
        }));
  print("  put_segments", cost_of([&] {
          for (std::uint32_t file = 0; file < 8000; ++file)
            update->put_segments("issues", file, segments_of(file, file % 8 == 0 ? 2 : 3, 0));
        }));
  CatalogSnapshot snapshot;
  snapshot.id = sha256("first");
  snapshot.items = items;
  print("  commit", cost_of([&] { update->commit(snapshot); }));
}

void change_some(Catalog& catalog, std::uint64_t items, bool titles) {
  auto update = catalog.begin_update(source);
  for (std::uint64_t i = 0; i < items / 100; ++i) {
    CatalogItem item = item_of(mix(i + items) % items);
    if (titles) item.title += " again";
    update->put_item("issues", Change::changed, item, "");
  }
  for (std::uint32_t file = 0; file < 8000; ++file)
    update->put_segments("issues", file, segments_of(file, file % 8 == 0 ? 2 : 3, titles ? 1 : 2));
  CatalogSnapshot snapshot;
  snapshot.id = sha256(titles ? "titles" : "records");
  update->commit(snapshot);
}

void ask(Catalog& catalog, std::uint64_t items) {
  ItemQuery all;
  std::size_t hits = 0;
  auto find = [&](const std::string& text) {
    return cost_of([&] { hits = catalog.find(text, all).size(); });
  };
  std::string title = title_of(items / 2);
  print("find by the whole title", find(title));
  print("find by one rare word", find(title.substr(title.rfind(' ') + 1)));
  print("find by key", find(std::to_string(100'000'000 + items / 3)));
  print("find two common words (1,000 hits)", find("crash report"));
  print("find with nothing to find", find("crash nosuchword"));
  print("file_of", cost_of([&] { catalog.file_of(source, "issues", "100000123"); }));
  print("list all items",
        cost_of([&] { catalog.items(all, [&](const CatalogItem&) { return ++hits > 0; }); }));
  ItemQuery below;
  below.parent = "1077";
  print("list the items of one parent",
        cost_of([&] { catalog.items(below, [&](const CatalogItem&) { return ++hits > 0; }); }));
}

}  // namespace

int main(int count, char** arguments) {
  std::uint64_t items = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 1'000'000;
  TempFolder folder;
  std::filesystem::path path = folder.path() / "catalog.db";
  auto catalog = Catalog::open(path, "bench");
  std::uint64_t step = count > 2 && std::string_view(arguments[2]) == "random" ? 2654435761 : 1;

  // Making up the data is part of the loops above; this is what it costs alone.
  Cost made = cost_of([&] {
    std::size_t bytes = 0;
    for (std::uint64_t i = 0; i < items; ++i) bytes += item_of(i).title.size();
    for (std::uint32_t file = 0; file < 8000; ++file)
      bytes += segments_of(file, file % 8 == 0 ? 2 : 3, 0).size();
    if (bytes == 0) std::abort();
  });
  print("(making up the data, part of the next figure)", made);
  print("all items new", cost_of([&] { add_all(*catalog, items, step); }));
  print("1 % changed, titles as before", cost_of([&] { change_some(*catalog, items, false); }));
  print("1 % changed, titles too", cost_of([&] { change_some(*catalog, items, true); }));
  ask(*catalog, items);
  print("close", cost_of([&] { catalog.reset(); }));
  fmt::print("{:<56} {:8.1f} MiB\n", "file",
             static_cast<double>(std::filesystem::file_size(path)) / (1 << 20));
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  fmt::print("{:<56} {:8.1f} MiB\n", "peak memory", static_cast<double>(usage.ru_maxrss) / 1024);
}
