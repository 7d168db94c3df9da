// Writes what the fuzz programs begin with: FOLDER/PROGRAM/NAME. All of it is made by the program
// itself: the connector files, the example account's answers to a backup, the objects and files of
// the repository that this makes.
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "account_world.h"
#include "answers.h"
#include "connector/embed.h"
#include "demo/example_account.h"
#include "git/refs.h"
#include "job/connector_source.h"
#include "job/segment.h"
#include "repository/blob_codec.h"
#include "repository/index.h"
#include "repository/pack.h"
#include "repository/snapshot_json.h"
#include "util/file.h"
#include "util/log.h"
#include "util/time.h"

using namespace probackup;

namespace {

constexpr std::size_t seed_bytes_max = 16 << 10;

class Seeds {
 public:
  explicit Seeds(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // `kind`: the first byte, by which the program knows what the rest is.
  void add(const std::string& program, int kind, std::string_view rest) {
    if (rest.size() > seed_bytes_max) return;
    std::string bytes = static_cast<char>(kind) + std::string(rest);
    auto folder = folder_ / program;
    std::filesystem::create_directories(folder);
    std::ofstream out(folder / (std::to_string(kind) + "-" + sha256(bytes).short_hex()),
                      std::ios::binary);
    out << bytes;
    if (!out.flush()) throw Error("cannot write below " + folder.string());
  }

 private:
  std::filesystem::path folder_;
};

// Every text in a JSON value.
void texts_in(const nlohmann::json& value, std::vector<std::string>& out) {
  if (value.is_string()) out.push_back(value.get<std::string>());
  if (value.is_structured())
    for (const auto& element : value) texts_in(element, out);
}

void add_connectors(Seeds& seeds) {
  for (const auto& file : built_in_connectors()) {
    auto json = nlohmann::json::parse(file.text);
    seeds.add("connector_fuzz", 0, file.text);
    // A connector that one only signs in with has none.
    const auto streams = json.value("streams", nlohmann::json::object());
    for (const auto& [name, stream] : streams.items()) {
      auto small = json;
      small["streams"] = {{name, stream}};
      small.erase("restore");
      seeds.add("connector_fuzz", 0, small.dump());
      seeds.add("connector_fuzz", 2, stream.dump());
    }
    std::vector<std::string> texts;
    texts_in(json, texts);
    for (const auto& text : texts)
      if (text.starts_with("${") && text.ends_with('}'))
        seeds.add("connector_fuzz", 1, text.substr(2, text.size() - 3));
  }
}

void add_s3(Seeds& seeds) {
  const char* error =
      "<?xml version=\"1.0\"?><Error><Code>SlowDown</Code><Message>Reduce your rate</Message>"
      "<Region>eu-central-1</Region><RequestId>4442587FB7D0A2F9</RequestId></Error>";
  for (int status = 0; status < 3; ++status) seeds.add("s3_fuzz", status, error);
  seeds.add(
      "s3_fuzz", 3,
      "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true"
      "</IsTruncated><NextContinuationToken>1ueGc=</NextContinuationToken><Contents><Key>data/"
      "00/</Key><Size>434234</Size></Contents></ListBucketResult>");
  seeds.add("s3_fuzz", 4,
            "<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>AccessDenied"
            "</Code><Message>Access Denied</Message></Error></DeleteResult>");
  seeds.add("s3_fuzz", 5,
            "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2027-01-05T00:00:00Z"
            "</RetainUntilDate></Retention>");
  seeds.add("s3_fuzz", 6, "[default]\naws_access_key_id = AKIA\n[profile a]\nregion=eu-west-1\n");
  seeds.add(
      "s3_fuzz", 7,
      R"({"AccessKeyId":"A","SecretAccessKey":"S","Token":"T","Expiration":"2027-01-05T00:00:00Z"})");
  seeds.add("s3_fuzz", 8, "https://s3.eu-central-1.amazonaws.com/bucket/prefix");
}

// Passes requests on and keeps what was answered.
class Recorder final : public Http {
 public:
  explicit Recorder(Http& inner) : inner_(inner) {}
  HttpResponse send(const HttpRequest& request, std::stop_token stop) override {
    HttpResponse response = inner_.send(request, stop);
    std::lock_guard lock(mutex_);
    if (!request.sink) answers.push_back(response);
    return response;
  }
  std::vector<HttpResponse> answers;

 private:
  Http& inner_;
  std::mutex mutex_;  // guards answers
};

void add_answers(Seeds& seeds, const std::vector<HttpResponse>& answers) {
  std::string script;
  for (const auto& answer : answers) {
    seeds.add("text_fuzz", 0, answer.body);
    seeds.add("text_fuzz", 1, "[*].id\n" + answer.body);
    seeds.add("export_fuzz", 2, answer.body);
    if (answer.body.size() > 2000 || script.size() > 6000) continue;
    script += fuzz::print_answer(answer);
    auto body = nlohmann::json::parse(answer.body, nullptr, false);
    if (body.is_discarded()) continue;
    auto link = answer;
    link.headers.emplace_back("Link", "<https://api.notes.example/v1/items?page=2>; rel=\"next\"");
    std::string last = fuzz::print_answer({200, {{"X-Total", "3"}}, "[]", ""});
    seeds.add("answers_fuzz", 2, fuzz::print_answer(link) + last);
    nlohmann::json page = {{"data", body}, {"next", "abc"}, {"total", 3}, {"more", true}};
    page["links"] = {{"next", "/v1/items?after=2"}};
    nlohmann::json graphql = {{"data", {{"items", {{"nodes", body}, {"next", "abc"}}}}}};
    for (int kind : {0, 1, 3, 4, 6, 7})
      seeds.add("answers_fuzz", kind,
                fuzz::print_answer({200, answer.headers, page.dump(), ""}) + script);
    seeds.add("answers_fuzz", 5, fuzz::print_answer({200, {}, graphql.dump(), ""}) + script);
  }
  std::string trouble;
  const Headers waits{{"Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT"},
                      {"X-Remaining", "0"},
                      {"X-Reset", "1700000100"},
                      {"Date", "Wed, 21 Oct 2026 07:27:00 GMT"}};
  for (int status : {429, 402, 403, 500, 304, 404, 200})
    trouble += fuzz::print_answer({status, waits, R"({"message":"slow down","wait":"2s"})", ""});
  for (int kind = 0; kind < 8; ++kind) seeds.add("answers_fuzz", kind, trouble);
}

void add_texts(Seeds& seeds) {
  seeds.add("text_fuzz", 2,
            "next\n</v1/items?page=3>; rel=\"next\", <https://a.example/x>; rel=last");
  for (const char* url : {"https://user:pass@api.example:8443/a/../b?key=1&x=%20#f", "../c?d",
                          "//h/p", "http://[::1]:80/", "?only=query"})
    seeds.add("text_fuzz", 3, std::string("https://api.example/v1/items?page=2\n") + url);
  for (const char* time : {"2024-05-01T10:30:00.25+02:00", "2024-05-01", "1h30m", "500ms", "64K",
                           "Wed, 21 Oct 2015 07:28:00 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
    seeds.add("text_fuzz", 4, time);
  seeds.add("text_fuzz", 5, "SGVsbG8=");
  seeds.add("text_fuzz", 5, std::string(64, 'a'));
  seeds.add("text_fuzz", 6, "CON\nReadme.TXT");
  seeds.add("text_fuzz", 6, std::string(250, 'x') + "\n" + std::string(251, 'x'));
  seeds.add("export_fuzz", 0, "=HYPERLINK(\"https://a.example\",\"x\")");
  seeds.add("export_fuzz", 1, "see https://example.org/a?b=c&d=<e> and javascript:alert(1)");
  seeds.add("export_fuzz", 3, "quart* report\nTitle\nThe quarterly report is late.");
}

// What a tap would write about a snapshot's records.
void add_tap(Seeds& seeds, SnapshotReader& reader) {
  for (const auto& stream : reader.streams()) {
    std::string lines = R"({"type":"SCHEMA","stream":")" + stream +
                        R"(","schema":{"type":"object"},"key_properties":["id"]})" + "\n";
    reader.records(stream, [&](const SnapshotRecord& record) {
      lines += R"({"type":"RECORD","stream":")" + stream + R"(","record":)";
      lines += record.raw;
      lines += "}\n";
      return lines.size() < 4000;
    });
    seeds.add("backup_fuzz", 0, lines + R"({"type":"STATE","value":{"bookmark":1}})" + "\n");
  }
  seeds.add(
      "backup_fuzz", 0,
      R"({"type":"SCHEMA","stream":"log","schema":{},"key_properties":[],"bookmark_properties":["t"]})"
      "\n"
      R"({"type":"RECORD","stream":"log","record":{"m":"x"}})"
      "\n{\"type\":\"ACTIVATE_VERSION\"}\nTraceback\n");
}

void add_snapshot(Seeds& seeds, Repository& repository, const Snapshot& snapshot) {
  SnapshotReader reader(repository, snapshot);
  add_tap(seeds, reader);
  seeds.add("layout_fuzz", 0, reader.manifest_text());
  for (const auto& stream : reader.streams())
    for (const auto& [number, file] : reader.stream_files(stream)) {
      std::string index = read_small_file(repository, file.index);
      for_each_line(index, [&](std::string_view line) { seeds.add("layout_fuzz", 2, line); });
    }
  for (const auto& [number, list] : reader.stream_files("@files")) {
    std::string lines = read_small_file(repository, list.records);
    for_each_line(lines, [&](std::string_view line) { seeds.add("layout_fuzz", 4, line); });
  }
}

void add_directories(Seeds& seeds, Catalog& catalog, const SourceRef& source) {
  for (const char* stream : {"boards", "cards"})
    catalog.segments(source, stream, {},
                     [&](const SegmentRow& row) { seeds.add("layout_fuzz", 3, row.directory); });
}

void add_git(Seeds& seeds) {
  std::string id(40, 'a');
  RefTable refs{{{"refs/heads/main", id}, {"refs/tags/v1", id}}, "refs/heads/main", {}};
  seeds.add("layout_fuzz", 5, refs.to_json_lines());
  seeds.add("layout_fuzz", 6,
            "ref: refs/heads/main\tHEAD\n" + id + "\tHEAD\n" + id + "\trefs/heads/main\n" + id +
                "\trefs/tags/v1^{}\n" + id + "\trefs/pull/1/merge\n");
  seeds.add("layout_fuzz", 7, "0007.jsonl");
}

// The objects of a repository, opened.
void add_objects(Seeds& seeds, const MemoryStorage& storage) {
  BlobCodec codec(fuzz::master_key(), 2);
  for (const auto& [path, bytes] : storage.objects()) {
    if (path == "config") {
      seeds.add("format_fuzz", 5, codec.open(bytes));
      seeds.add("repository_fuzz", 5, codec.open(bytes));
    } else if (path.starts_with("keys/")) {
      seeds.add("format_fuzz", 6, bytes);
      seeds.add("repository_fuzz", 6, bytes);
    } else if (path.starts_with("snapshots/")) {
      seeds.add("format_fuzz", 4, codec.open_document(bytes));
      seeds.add("format_fuzz", 7, codec.open(bytes));
      seeds.add("repository_fuzz", 2, codec.open_document(bytes));
    } else if (path.starts_with("index/")) {
      seeds.add("format_fuzz", 2, codec.open_document(bytes));
      seeds.add("repository_fuzz", 0, std::string("\0", 1) + codec.open_document(bytes));
    } else if (path.starts_with("data/")) {
      auto footer = bytes.substr(bytes.size() - 4);
      auto length = parse_pack_footer(footer, bytes.size());
      std::string header = codec.open(bytes.substr(bytes.size() - 4 - length, length));
      seeds.add("format_fuzz", 0, header);
      seeds.add("format_fuzz", 1, std::string("\0\x10\0\0", 4) + footer);
      for (const auto& entry : parse_pack_header(header)) {
        auto sealed = bytes.substr(entry.offset, entry.length);
        std::string size;
        for (int shift = 24; shift >= 0; shift -= 8)
          size += static_cast<char>(entry.plain_length >> shift);
        if (entry.plain_length) seeds.add("format_fuzz", 8, size + codec.open(sealed));
        if (entry.type != BlobType::tree) continue;
        seeds.add("format_fuzz", 3, codec.open_blob(sealed, entry));
        seeds.add("repository_fuzz", 3, codec.open_blob(sealed, entry));
        seeds.add("repository_fuzz", 1, '\1' + print_pack_header({entry}) + sealed);
      }
    }
  }
  seeds.add(
      "repository_fuzz", 4,
      R"(x{"time":"2023-11-14T22:13:20Z","exclusive":false,"hostname":"other","username":"u","pid":4242,"uid":0,"gid":0})");
  for (char object = 0; object < 12; ++object)
    seeds.add("repository_fuzz", 7, std::string{object, 0, 0, 7, 1, 0, 90, 8});
}

void add_example(Seeds& seeds) {
  fuzz::Bench bench;
  auto account = example_account();
  HttpOptions options;
  auto curl = curl_http(options);
  Recorder http(*curl);
  nlohmann::json settings = account->settings();
  ConnectorSource source(ConnectorSet().get(account->app()), {account->app(), "team"}, settings,
                         http, system_clock());
  bench.run(source.backup_source({}, {}));
  add_answers(seeds, http.answers);
  auto snapshots = source_snapshots(*bench.repository);
  add_snapshot(seeds, *bench.repository, snapshots.back());
  add_directories(seeds, *bench.catalog, source.source());
  add_objects(seeds, bench.storage);
}

void add_small_account(Seeds& seeds) {
  const auto& world = fuzz::world();
  add_objects(seeds, world.storage);
  char number = 0;
  for (const auto& [path, content] : world.files) {
    seeds.add("backup_fuzz", 1, number++ + content);
    if (path.ends_with("gaps.jsonl")) seeds.add("layout_fuzz", 1, content);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return std::fprintf(stderr, "usage: fuzz_seeds FOLDER\n"), 2;
  set_log_sink([](LogLevel, std::string_view) {});
  try {
    Seeds seeds(arguments[1]);
    add_connectors(seeds);
    add_s3(seeds);
    add_texts(seeds);
    add_git(seeds);
    add_small_account(seeds);
    add_example(seeds);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fuzz_seeds: %s\n", error.what());
    return 1;
  }
  return 0;
}
