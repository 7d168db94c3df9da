// How items become rows: columns, kinds of cells, links, cuts, long texts.
#include <algorithm>
#include <filesystem>

#include "catch.h"
#include "drive/cells.h"
#include "drive/copy_model.h"
#include "drive/folder_names.h"
#include "drive/sinks.h"
#include "drive/table.h"
#include "drive_rig.h"
#include "util/file.h"

using namespace probackup;
using namespace probackup::test;

namespace {

struct Recorded : SheetSink {
  std::vector<std::string> names;
  std::vector<std::vector<std::string>> headers;
  std::vector<std::vector<std::vector<SheetCell>>> rows;
  void sheet(const std::string& name, const std::vector<Column>& columns) override {
    names.push_back(name);
    headers.emplace_back();
    for (const auto& column : columns) headers.back().push_back(column.title);
    rows.emplace_back();
  }
  void row(std::size_t number, const std::vector<SheetCell>& cells) override {
    rows.at(number).push_back(cells);
  }
  const SheetCell& cell(std::size_t row, const std::string& column) const {
    auto found = std::find(headers[0].begin(), headers[0].end(), column);
    INFO(column);
    REQUIRE(found != headers[0].end());
    return rows[0].at(row).at(static_cast<std::size_t>(found - headers[0].begin()));
  }
};

struct OneTable {
  MemorySource source = small_account();
  DriveOptions options;
  std::unique_ptr<CopyModel> model;

  Recorded write(std::size_t part = 0) {
    auto table = make();
    Recorded out;
    table.write(part,
                {[](const RecordNode& node) { return "to:" + node.key; },
                 [](const std::string&, const std::string& id) { return "file:" + id; }},
                out);
    return out;
  }
  Table make() {
    model = std::make_unique<CopyModel>(source, std::set<std::string>{"boards"}, std::stop_token(),
                                        [](std::uint64_t) {});
    model->finish();
    for (const auto& table : model->tables())
      if (model->streams()[table.stream].name == "cards") return Table(*model, table, options);
    throw Error("no cards");
  }
  void card(const std::string& key, const std::string& title, const std::string& raw,
            const std::string& board = "") {
    source.add("cards", {key, board.empty() ? "" : "boards", board, title, "", raw});
  }
};

}  // namespace

TEST_CASE("values become cells of their kinds") {
  using Kind = SheetCell::Kind;
  CHECK(value_cell("12.5").kind == Kind::number);
  CHECK(value_cell("12.5").number == 12.5);
  CHECK(value_cell("12345678901234567890").kind == Kind::text);
  CHECK(value_cell("12345678901234567890").text == "12345678901234567890");
  CHECK(value_cell("1e400").kind == Kind::text);
  CHECK(value_cell("true").text == "yes");
  CHECK(value_cell("null").kind == Kind::empty);
  CHECK(value_cell("\"\"").kind == Kind::empty);
  CHECK(value_cell(R"("2024-05-31T14:05:11.5+02:00")").text == "2024-05-31 12:05:11");
  CHECK(value_cell(R"("1900-03-01T00:00:00Z")").number == 61);
  CHECK(value_cell(R"("2024-05-31")").kind == Kind::date);
  CHECK(value_cell(R"("0001-01-01T00:00:00Z")").kind == Kind::text);
  CHECK(value_cell(R"("2024-05-31 or so")").kind == Kind::text);
  CHECK(value_cell(R"(["a","b"])").text == "a, b");
  CHECK(value_cell(R"([{"id":1,"name":"A"},{"id":2,"name":"B"}])").text == "A, B");
  CHECK(value_cell(R"([[1],[2]])").text == "[[1],[2]]");
  CHECK(value_cell(R"("https://example.com/a")").link == "https://example.com/a");
  CHECK(value_cell(R"j("javascript:alert(1)")j").link.empty());
}

TEST_CASE("text is text: formulas, control characters, line ends, broken UTF-8") {
  for (const char* text : {"=1+1", "+1+1", "-1+1", "@SUM(A1)", "=HYPERLINK(\"x\")"}) {
    auto cell = value_cell(
        "\"" +
        std::string(text == std::string("=HYPERLINK(\"x\")") ? "=HYPERLINK(\\\"x\\\")" : text) +
        "\"");
    CHECK(cell.kind == SheetCell::Kind::text);
    CHECK(cell.text == text);
  }
  CHECK(cell_text("a\x01"
                  "b\x7F") ==
        "a\xEF\xBF\xBD"
        "b\xEF\xBF\xBD");
  CHECK(cell_text("a\r\nb\rc\nd") == "a\nb\nc\nd");
  CHECK(cell_text("\xFF\xF0\x9F\x92\x8C") == "\xEF\xBF\xBD\xF0\x9F\x92\x8C");
  CHECK(cell_text("\xEF\xBF\xBF") == "\xEF\xBF\xBD");
  CHECK(utf16_units("a\xC3\xA9\xF0\x9F\x92\x8C") == 4);
  CHECK(clip_units("a\xF0\x9F\x92\x8C"
                   "b",
                   2) == "a");
  CHECK(clip_units("a\xF0\x9F\x92\x8C"
                   "b",
                   3) == "a\xF0\x9F\x92\x8C");
}

TEST_CASE("columns are what the items have; times of creation and change come first") {
  OneTable one;
  one.card("card-0001", "First",
           R"({"id":"card-0001","name":"First","fields":{"dueDate":"2024-06-01"},)"
           R"("created_at":"2024-05-01T10:00:00Z","updatedAt":"2024-05-02T10:00:00Z","empty":[]})");
  one.card("card-0002", "Second", R"({"id":"card-0002","name":"Second","points":3,"done":false})");
  auto out = one.write();
  CHECK(out.headers[0] == std::vector<std::string>{"Title", "ID", "Created", "Changed", "Due date",
                                                   "Points", "Done"});
  CHECK(out.cell(0, "Created").text == "2024-05-01 10:00:00");
  CHECK(out.cell(0, "Changed").kind == SheetCell::Kind::time);
  CHECK(out.cell(0, "Due date").kind == SheetCell::Kind::date);
  CHECK(out.cell(0, "Points").kind == SheetCell::Kind::empty);
  CHECK(out.cell(1, "Points").number == 3);
  CHECK(out.cell(1, "Done").text == "no");
}

TEST_CASE("texts to read stand first, what lies deep in a record last") {
  OneTable one;
  one.card("card-0001", "First",
           R"({"badges":{"votes":1},"closed":false,"pos":5,"desc":"Read me"})");
  CHECK(one.write().headers[0] ==
        std::vector<std::string>{"Title", "ID", "Desc", "Pos", "Closed", "Badges: Votes"});
}

TEST_CASE("ids of other records are shown as what those are called, with a link") {
  OneTable one;
  one.source.add("boards", {"board-key-1", "", "", "House", "", "{}"});
  one.card("card-0001", "First",
           R"({"idBoard":"board-key-1","idOthers":["board-key-1","none-such"]})");
  auto out = one.write();
  CHECK(out.cell(0, "Board").text == "House");
  CHECK(out.cell(0, "Board").link == "to:board-key-1");
  CHECK(out.cell(0, "Others").text == "House, none-such");
}

TEST_CASE("a thousand columns fit, and what is more goes to one of its own") {
  OneTable one;
  std::string raw = "{";
  for (int i = 0; i < 1200; ++i)
    raw += (i ? ",\"c" : "\"c") + std::to_string(i) + "\":" + std::to_string(i);
  one.card("card-0001", "Wide", raw + "}");
  auto out = one.write();
  CHECK(out.headers[0].size() == 2 + 1000 + 1);
  CHECK(out.cell(0, "C999").number == 999);
  CHECK_THAT(out.cell(0, "More").text, ContainsSubstring("\"c1000\":1000"));
  CHECK_THAT(out.cell(0, "More").text, ContainsSubstring("\"c1199\":1199}"));
  TempFolder folder;
  auto table = one.make();
  write_xlsx(folder.path() / "wide.xlsx", [&](SheetSink& sink) {
    table.write(0,
                {[](const RecordNode&) { return ""; }, [](const auto&, const auto&) { return ""; }},
                sink);
  });
  CHECK(std::filesystem::file_size(folder.path() / "wide.xlsx") > 5000);
}

TEST_CASE("a text longer than a cell is whole on a sheet of its own") {
  OneTable one;
  std::string text;
  for (int i = 0; i < 50'001; ++i) text += i % 7 ? "x" : "\xF0\x9F\x92\x8C";
  one.card("card-0001", "Long", R"({"desc":")" + text + "\"}");
  auto out = one.write();
  REQUIRE(out.names == std::vector<std::string>{"Items", "Long texts"});
  CHECK(utf16_units(out.cell(0, "Desc").text) <= cell_units_max);
  std::string whole;
  for (const auto& row : out.rows[1]) {
    CHECK(utf16_units(row[4].text) <= cell_units_max);
    CHECK(row[2].text == "Desc");
    whole += row[4].text;
  }
  CHECK((whole == text));
}

TEST_CASE("tables are cut by rows, cells and bytes, and no item is lost or twice") {
  OneTable one;
  for (int i = 0; i < 100; ++i)
    one.card("card-" + std::to_string(1000 + i), "T", R"({"a":1,"text":"0123456789"})");
  SECTION("rows") {
    one.options.rows_max = 30;
  }
  SECTION("cells") {
    one.options.cells_max = 9 * 30;
  }
  SECTION("bytes") {
    one.options.bytes_max = 30 * 27;
  }
  auto table = one.make();
  CHECK(table.parts().size() == 4);
  std::vector<std::string> keys;
  for (std::size_t part = 0; part < table.parts().size(); ++part)
    table.each_item(part, [&](const RecordNode& node) { keys.push_back(node.key); });
  CHECK(keys.size() == 100);
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(std::set<std::string>(keys.begin(), keys.end()).size() == 100);
  CHECK(one.write(3).rows[0].size() == 10);
}

TEST_CASE("the same content gives the same digest and the same file, whatever the widths") {
  auto write = [](std::size_t width, const char* text) {
    return [=](SheetSink& sink) {
      sink.sheet("Items", {{"A", width}});
      sink.row(0, {text_cell(text, "https://example.com")});
    };
  };
  CHECK(sheet_digest(write(10, "x")) == sheet_digest(write(20, "x")));
  CHECK(sheet_digest(write(10, "x")) != sheet_digest(write(10, "y")));
  TempFolder folder;
  write_xlsx(folder.path() / "1.xlsx", write(10, "x"));
  write_xlsx(folder.path() / "2.xlsx", write(10, "x"));
  CHECK((read_file(folder.path() / "1.xlsx") == read_file(folder.path() / "2.xlsx")));
}

TEST_CASE("names are kept readable, cut and told apart") {
  CHECK(plain_name("AC/DC: live?", "/\\:*?\"<>|", 120, 200) == "AC_DC_ live_");
  CHECK(plain_name(" \x01\n", "", 120, 200) == "\xEF\xBF\xBD");
  CHECK(plain_name("", "", 120, 200) == "Untitled");
  std::string longer(300, 'a');
  CHECK(plain_name(longer + ".pdf", "", 120, 200) == std::string(116, 'a') + ".pdf");
  std::string hearts;
  for (int i = 0; i < 300; ++i) hearts += "\xF0\x9F\x92\x8C";
  CHECK(plain_name(hearts, "", 120, 200).size() == 200);
  FolderNames names;
  CHECK(names.claim("f", "Plan.pdf", "1234567890", true) == "Plan.pdf");
  CHECK(names.claim("f", "plan.PDF", "abcdef7890", true) == "plan ~abcdef.PDF");
  CHECK(names.claim("g", "Plan.pdf", "abcdef7890", true) == "Plan.pdf");
}

TEST_CASE("without a word of the connector, streams with streams below streams become folders") {
  std::vector<ExportStream> streams{{"spaces", "", 0, {}},
                                    {"lists", "", 0, {"spaces"}},
                                    {"tasks", "", 0, {"lists", "tasks"}},
                                    {"comments", "", 0, {"tasks"}},
                                    {"users", "", 0, {}}};
  CHECK(folder_streams(streams) == std::set<std::string>{"spaces", "lists"});
}
