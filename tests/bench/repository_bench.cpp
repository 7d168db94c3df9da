// How fast blobs go into and come out of a repository in a local folder.
//   repository_bench [MEGABYTES [BLOB_KILOBYTES [FOLDER]]]
#include <fmt/format.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>
#include <deque>
#include <filesystem>

#include "probackup/repository.h"
#include "repository/index.h"
#include "util/file.h"
#include "util/hash.h"

using namespace probackup;

namespace {

// JSON lines that resemble an app's records and compress about as well (3 to 4 times).
class Records {
 public:
  std::string blob(std::size_t bytes) {
    std::string out;
    out.reserve(bytes + 2048);
    while (out.size() < bytes) append_record(out);
    return out;
  }

 private:
  std::uint64_t random() {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    return state_ ^= state_ << 17;
  }

  void append_record(std::string& out) {
    static constexpr const char* words[] = {
        "account", "board",   "card",   "change", "client",   "comment", "contract",  "customer",
        "delay",   "deliver", "design", "draft",  "estimate", "export",  "feature",   "figure",
        "invoice", "issue",   "label",  "launch", "meeting",  "member",  "milestone", "notice",
        "order",   "partner", "plan",   "price",  "project",  "quality", "release",   "report",
        "request", "review",  "sample", "server", "sprint",   "status",  "supplier",  "task",
        "team",    "test",    "ticket", "token",  "update",   "version", "weekly",    "window"};
    std::uint64_t id = ++records_;
    fmt::format_to(std::back_inserter(out),
                   R"({{"id":{},"node_id":"{:016x}","state":"{}","created_at":"2024-{:02}-{:02}T)"
                   R"({:02}:{:02}:{:02}Z","user":{{"id":{},"login":"user-{}"}},"title":")",
                   id, random(), random() % 3 ? "open" : "closed", random() % 12 + 1,
                   random() % 28 + 1, random() % 24, random() % 60, random() % 60, random() % 5000,
                   random() % 5000);
    append_words(out, words, 8);
    out += R"(","body":")";
    append_words(out, words, 150);
    out += "\",\"labels\":[],\"comments\":0,\"locked\":false}\n";
  }

  template <std::size_t N>
  void append_words(std::string& out, const char* const (&words)[N], int count) {
    for (int i = 0; i < count; ++i) {
      out += words[random() % N];
      out += i + 1 < count ? " " : "";
    }
  }

  std::uint64_t state_ = 0x9e3779b97f4a7c15, records_ = 0;
};

double millions(std::uint64_t bytes) {
  return static_cast<double>(bytes) / 1e6;
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Of all threads: what a busy machine's wall time hides.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::uint64_t folder_bytes(const std::filesystem::path& folder) {
  std::uint64_t total = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_regular_file()) total += entry.file_size();
  return total;
}

// What opening a repository of 200,000 blobs costs beside the password.
void measure_index() {
  constexpr std::uint32_t files = 4, packs = 200, blobs = 250;
  std::vector<std::string> documents;
  for (std::uint32_t file = 0; file < files; ++file) {
    std::vector<IndexedPack> list;
    for (std::uint32_t pack = 0; pack < packs; ++pack) {
      list.push_back({sha256(fmt::format("pack {} {}", file, pack)), {}});
      for (std::uint32_t blob = 0; blob < blobs; ++blob)
        list.back().entries.push_back({BlobType::data,
                                       sha256(fmt::format("{} {} {}", file, pack, blob)),
                                       blob * 16384, 16384, 65536});
    }
    documents.push_back(print_index(list));
  }
  auto start = std::chrono::steady_clock::now();
  Index index;
  for (const std::string& document : documents)
    parse_index(document, [&](const IndexedPack& pack) { index.add(pack); });
  fmt::print("parse an index of {} blobs on one thread: {:.0f} ms\n", files * packs * blobs,
             1e3 * seconds_since(start));
}

void run(std::uint64_t bytes_wanted, std::size_t blob_bytes, const std::filesystem::path& folder) {
  auto storage = local_storage(folder.string());
  Repository::init(*storage, "password", system_clock());
  auto opening = std::chrono::steady_clock::now();
  auto repository = Repository::open(*storage, "password", system_clock());
  fmt::print("open: {:.0f} ms\n", 1e3 * seconds_since(opening));

  // A few hundred MB are made beforehand and marked one by one, so that only the repository counts.
  Records records;
  std::vector<std::string> blobs;
  for (std::uint64_t made = 0; made < std::min<std::uint64_t>(bytes_wanted, 256 << 20);) {
    blobs.push_back(records.blob(blob_bytes));
    made += blobs.back().size();
  }

  std::vector<Id> ids;
  std::deque<std::future<SavedBlob>> saves;
  auto start = std::chrono::steady_clock::now();
  double processor = processor_seconds();
  std::uint64_t bytes = 0;
  for (std::uint64_t i = 0; bytes < bytes_wanted; ++i) {
    std::string blob = fmt::format("{{\"round\":{}}}\n", i) + blobs[i % blobs.size()];
    bytes += blob.size();
    saves.push_back(repository->save_blob(BlobType::data, std::move(blob)));
    for (; saves.size() > 1000; saves.pop_front()) ids.push_back(saves.front().get().id);
  }
  for (; !saves.empty(); saves.pop_front()) ids.push_back(saves.front().get().id);
  repository->flush();
  double seconds = seconds_since(start);
  processor = processor_seconds() - processor;
  std::uint64_t stored = folder_bytes(folder);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("write: {:.0f} MB in {} blobs, {:.2f} s ({:.2f} s of processor), {:.0f} MB/s\n",
             millions(bytes), ids.size(), seconds, processor, millions(bytes) / seconds);
  fmt::print("stored: {:.0f} MB (1/{:.2f})\n", millions(stored),
             millions(bytes) / millions(stored));
  fmt::print("peak memory: {} MiB, of which this program's own blobs {} MiB\n",
             usage.ru_maxrss / 1024, std::min<std::uint64_t>(bytes_wanted >> 20, 256));

  repository.reset();
  repository = Repository::open(*storage, "password", system_clock());
  start = std::chrono::steady_clock::now();
  repository->load_index();
  fmt::print("load index: {:.0f} ms for {} blobs\n", 1e3 * seconds_since(start), ids.size());
  start = std::chrono::steady_clock::now();
  std::uint64_t read = 0;
  for (const Id& id : ids) read += repository->load_blob(BlobType::data, id).size();
  seconds = seconds_since(start);
  fmt::print("read: {:.2f} s, {:.0f} MB/s\n", seconds, millions(read) / seconds);
  start = std::chrono::steady_clock::now();
  bool healthy = repository->check(true, {}, {}).healthy();
  fmt::print("check --read-data: {:.2f} s, {}\n", seconds_since(start),
             healthy ? "no problems" : "PROBLEMS");
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t megabytes = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1500;
  std::size_t kilobytes = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 64;
  try {
    TempFolder temporary;
    std::filesystem::path folder = argc > 3 ? argv[3] : temporary.path() / "repository";
    measure_index();
    run(megabytes * 1'000'000, kilobytes * 1024, folder);
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return 1;
  }
}
