// The copy in Google Drive, against a test server made after Google's guides.
#include <algorithm>

#include "catch.h"
#include "drive_rig.h"
#include "probackup/error.h"

using namespace probackup;
using namespace probackup::test;

namespace {

using Paths = std::vector<std::string>;

std::map<std::string, std::string> ids(const DriveServer& server) {
  std::map<std::string, std::string> out;
  for (const auto& [path, object] : server.tree()) out[path] = object.id;
  return out;
}

std::string id_of(const DriveRig& rig, const std::string& path) {
  auto tree = rig.server.tree();
  INFO(path);
  REQUIRE(tree.contains(path));
  return tree.at(path).id;
}

const Paths two_boards{"probackup",
                       "probackup/Board",
                       "probackup/Board/acme",
                       "probackup/Board/acme/Boards",
                       "probackup/Board/acme/Garden",
                       "probackup/Board/acme/Garden/Cards",
                       "probackup/Board/acme/Garden/Comments",
                       "probackup/Board/acme/House",
                       "probackup/Board/acme/House/Cards",
                       "probackup/Board/acme/House/Comments",
                       "probackup/Board/acme/Index"};

struct TwoBoards : DriveRig {
  TwoBoards() {
    add_board("b1", "House", 3);
    add_board("b2", "Garden", 2);
  }
};

void add_attachment(DriveRig& rig, const std::string& id, const std::string& name,
                    const std::string& bytes) {
  rig.source.attach("cards", "b1-card-0000", id, name, bytes);
}

}  // namespace

TEST_CASE(
    "a first sync makes folders and Google Sheets; a second one asks once and writes nothing") {
  TwoBoards rig;
  auto report = rig.sync();
  CHECK(rig.paths() == two_boards);
  CHECK(report.sheets == 6);
  CHECK(report.url.find("drive.example/folders/") != std::string::npos);
  for (const auto& [path, object] : rig.server.tree()) {
    bool is_folder = object.mime_type == "application/vnd.google-apps.folder";
    CHECK((is_folder || object.mime_type == "application/vnd.google-apps.spreadsheet"));
    CHECK((is_folder || object.bytes.starts_with("PK")));
  }
  auto second = rig.sync();
  CHECK(rig.requests == 1);
  CHECK(second.created + second.updated + second.renamed + second.moved + second.removed == 0);
}

TEST_CASE("a changed item updates its spreadsheet in place, and no other but the index") {
  TwoBoards rig;
  rig.sync();
  auto before = ids(rig.server);
  rig.source.rows["cards"][0].raw = R"({"id":"b1-card-0000","n":77})";
  auto report = rig.sync();
  CHECK(report.updated == 1);
  CHECK(rig.requests == 2);
  CHECK(ids(rig.server) == before);
  CHECK(rig.server.object(before.at("probackup/Board/acme/House/Cards"))->updates == 1);
}

TEST_CASE("a renamed board is renamed, a vanished one goes to the trash with all in it") {
  TwoBoards rig;
  rig.sync();
  auto before = ids(rig.server);
  rig.source.rows["boards"][1].title = "Orchard/West";
  rig.sync();
  CHECK(id_of(rig, "probackup/Board/acme/Orchard/West") ==
        before.at("probackup/Board/acme/Garden"));
  rig.source = small_account();
  rig.add_board("b1", "House", 3);
  auto report = rig.sync();
  CHECK(report.removed == 3);
  CHECK(rig.paths().size() == 8);
  CHECK(rig.server.object(before.at("probackup/Board/acme/Garden"))->trashed);
}

TEST_CASE("a board that comes back is taken out of the trash, with its old address") {
  TwoBoards rig;
  rig.sync();
  auto before = ids(rig.server);
  rig.source = small_account();
  rig.add_board("b1", "House", 3);
  rig.sync();
  rig.add_board("b2", "Garden", 2);
  rig.options.recreate_missing = false;  // the sync itself removed it, no person
  auto report = rig.sync();
  CHECK(report.skipped == 0);
  CHECK(ids(rig.server) == before);
}

TEST_CASE("what vanished does not come back with a folder that a person threw away") {
  TwoBoards rig;
  rig.sync();
  rig.server.trash(id_of(rig, "probackup/Board/acme"));
  rig.source = small_account();
  rig.add_board("b1", "House", 3);
  rig.sync();
  CHECK(rig.paths().size() == 8);
  for (const auto& path : rig.paths()) CHECK(path.find("Garden") == std::string::npos);
  CHECK(rig.sync().removed == 0);
}

TEST_CASE("what a person deleted is made again, or stays away") {
  TwoBoards rig;
  rig.sync();
  auto before = ids(rig.server);
  const std::string sheet = "probackup/Board/acme/House/Cards";
  auto everywhere = [&](bool erased) {
    if (erased)
      rig.server.erase(before.at(sheet));
    else
      rig.server.trash(before.at(sheet));
  };
  SECTION("trashed, and taken out again") {
    everywhere(false);
    auto report = rig.sync();
    CHECK(report.created == 1);
    CHECK(ids(rig.server) == before);
  }
  SECTION("erased, and made anew") {
    everywhere(true);
    rig.sync();
    CHECK(rig.paths() == two_boards);
    CHECK(id_of(rig, sheet) != before.at(sheet));
  }
  SECTION("trashed or erased, and left away") {
    everywhere(GENERATE(false, true));
    rig.options.recreate_missing = false;
    for (int i = 0; i < 2; ++i) {
      auto report = rig.sync();
      CHECK(report.skipped == 1);
      auto paths = rig.paths();
      CHECK(std::find(paths.begin(), paths.end(), sheet) == paths.end());
    }
  }
  SECTION("a whole folder, left away with all in it") {
    rig.server.trash(before.at("probackup/Board/acme/House"));
    rig.options.recreate_missing = false;
    auto report = rig.sync();
    CHECK(report.skipped >= 1);
    CHECK(rig.paths().size() == two_boards.size() - 3);
  }
}

TEST_CASE("what people moved or renamed stays so, and is still updated") {
  TwoBoards rig;
  rig.sync();
  auto before = ids(rig.server);
  std::string sheet = before.at("probackup/Board/acme/House/Cards");
  std::string elsewhere = rig.server.add_folder("Mine");
  rig.server.move(sheet, elsewhere);
  rig.server.rename(sheet, "My cards");
  rig.source.rows["cards"][0].title = "another title";
  auto report = rig.sync();
  CHECK(report.updated == 3);  // the cards, their comments, and the index, which names the file
  CHECK(report.created + report.renamed + report.moved == 0);
  CHECK(id_of(rig, "Mine/My cards") == sheet);
  rig.source.rows["boards"][0].title = "Villa";
  rig.sync();
  CHECK(id_of(rig, "Mine/My cards") == sheet);
}

TEST_CASE("attachments are files, sent once; large ones go on after a cut") {
  TwoBoards rig;
  std::string large(11'000'000, 'x');
  for (std::size_t i = 0; i < large.size(); i += 1000) large[i] = static_cast<char>('a' + i % 23);
  add_attachment(rig, "f1", "plan.pdf", "%PDF small");
  add_attachment(rig, "f2", "film.mp4", large);
  unsigned cuts = GENERATE(0u, 3u);
  rig.server.cut_pieces(cuts);
  rig.sync();
  auto tree = rig.server.tree();
  CHECK(tree.at("probackup/Board/acme/House/Attached files/plan.pdf").bytes == "%PDF small");
  CHECK(tree.at("probackup/Board/acme/House/Attached files/plan.pdf").mime_type ==
        "application/pdf");
  CHECK((tree.at("probackup/Board/acme/House/Attached files/film.mp4").bytes == large));
  CHECK(rig.sync().updated == 0);
  CHECK(rig.requests == 1);
}

TEST_CASE("an upload whose session has ended begins again") {
  TwoBoards rig;
  add_attachment(rig, "f2", "film.mp4", std::string(9'000'000, 'x'));
  rig.server.cut_pieces(1);
  bool ended = false;
  // The session ends between the cut and the question how far it came.
  rig.server.server().set_finish([&](const ApiRequest& request, ApiAnswer& answer) {
    if (request.method == "PUT" && answer.status == 503 && !ended) {
      ended = true;
      rig.server.end_sessions();
    }
  });
  rig.sync();
  CHECK(ended);
  CHECK(rig.server.tree().at("probackup/Board/acme/House/Attached files/film.mp4").bytes.size() ==
        9'000'000);
}

TEST_CASE("attachments that came with the first copy can be left out, or all of them") {
  TwoBoards rig;
  add_attachment(rig, "f1", "plan.pdf", "old");
  rig.options.attachments = DriveOptions::Attachments::none;
  rig.sync();
  CHECK(rig.paths() == two_boards);
  rig.options.attachments = DriveOptions::Attachments::all;
  rig.sync();
  CHECK(rig.paths().size() == two_boards.size() + 2);
  rig.options.attachments = DriveOptions::Attachments::none;
  auto report = rig.sync();
  CHECK(report.removed == 0);  // those that are there stay
  CHECK(rig.paths().size() == two_boards.size() + 2);
}

TEST_CASE("creates whose answers are lost make nothing twice") {
  TwoBoards rig;
  add_attachment(rig, "f1", "plan.pdf", "bytes");
  Fault fault =
      GENERATE(Fault::lost_to_cut, Fault::lost_to_error, Fault::dropped, Fault::error_500);
  FaultPlan plan;
  plan.seed = 3;
  plan.rules = {{.fault = fault, .match = "", .probability = 0.5, .times_max = 2}};
  rig.server.server().set_faults(plan);
  rig.sync();
  auto counts = rig.server.server().fault_counts();
  CHECK(counts[fault] > 1);
  rig.server.server().set_faults({});
  CHECK(rig.paths().size() == two_boards.size() + 2);
  for (const auto& path : rig.paths()) CHECK(path.find('#') == std::string::npos);
  CHECK(rig.sync().created == 0);
}

TEST_CASE("duplicates that were made all the same are cleared up") {
  TwoBoards rig;
  rig.sync();
  auto sheet = *rig.server.object(id_of(rig, "probackup/Board/acme/House/Cards"));
  // Another process at the same work, as the server sees it.
  DriveRig other;
  MemoryOfDrive forgotten;
  auto posted = rig.server.tree().size();
  HttpRequest request;
  request.method = "POST";
  request.url = rig.server.url() + "/upload/drive/v3/files?uploadType=multipart&fields=id";
  request.headers = {{"Authorization", "Bearer good-token"},
                     {"Content-Type", "multipart/related; boundary=bb"}};
  std::string properties;
  for (const auto& [key, value] : sheet.app_properties)
    properties += (properties.empty() ? "\"" : ",\"") + key + "\":\"" + value + "\"";
  request.body =
      "--bb\r\nContent-Type: application/json\r\n\r\n{\"name\":\"Cards\",\"parents\":[\"" +
      sheet.parent + "\"],\"mimeType\":\"application/vnd.google-apps.spreadsheet\"," +
      "\"appProperties\":{" + properties +
      "}}\r\n--bb\r\nContent-Type: "
      "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet\r\n\r\nPK\r\n--bb--\r\n";
  REQUIRE(rig.http->send(request, {}).status == 200);
  REQUIRE(rig.server.tree().size() == posted + 1);
  auto report = rig.sync();
  CHECK(report.removed == 1);
  CHECK(rig.paths() == two_boards);
  CHECK(id_of(rig, "probackup/Board/acme/House/Cards") == sheet.id);
}

TEST_CASE("too many requests are waited for") {
  TwoBoards rig;
  rig.server.limit_requests(4);
  rig.sync();
  CHECK(rig.paths() == two_boards);
  CHECK(rig.clock.slept >= std::chrono::seconds(7));  // 1 + 2 + 4 at least
  rig.server.limit_requests(1000);
  CHECK_THAT(rig.sync_error(), ContainsSubstring("too many requests"));
}

TEST_CASE("a token that has ended is renewed; a revoked consent is told") {
  TwoBoards rig;
  rig.sync();
  rig.server.set_token("second-token");
  rig.next_token = "second-token";
  rig.sync();
  rig.server.set_token("third-token");
  CHECK_THAT(rig.sync_error(), ContainsSubstring("Google does not accept the sign-in any more"));
  rig.next_token.clear();
  std::string error = rig.sync_error();
  CHECK_THAT(error, ContainsSubstring("invalid_grant"));
  CHECK_THAT(error, ContainsSubstring("probackup auth login google"));
}

TEST_CASE("a full Drive is told, and what was sent before stays") {
  TwoBoards rig;
  add_attachment(rig, "f1", "film.mp4", std::string(6'000'000, 'x'));
  add_attachment(rig, "f2", "small.txt", "x");
  rig.server.set_quota(1'000'000);
  std::string error = rig.sync_error();
  CHECK_THAT(error, ContainsSubstring("the Drive is full (storageQuotaExceeded)"));
  CHECK_THAT(error, ContainsSubstring("--attachments none"));
  rig.server.set_quota(100'000'000);
  rig.sync();
  CHECK(rig.paths().size() == two_boards.size() + 3);
}

TEST_CASE("a folder of the user: written to, trashed, shared away, read-only, none") {
  TwoBoards rig;
  rig.folder = rig.server.add_folder("Backups");
  rig.sync();
  auto paths = rig.paths();
  CHECK(paths.front() == "Backups");
  CHECK(paths.size() == two_boards.size());
  rig.sync();
  CHECK(rig.requests == 2);
  SECTION("trashed") {
    rig.server.trash(rig.folder);
    CHECK_THAT(rig.sync_error(), ContainsSubstring("is in the trash"));
  }
  SECTION("shared away") {
    rig.server.share_away(rig.folder);
    CHECK_THAT(rig.sync_error(), ContainsSubstring("not there any more, or not shared"));
  }
  SECTION("read-only") {
    rig.server.make_read_only(rig.folder);
    CHECK_THAT(rig.sync_error(), ContainsSubstring("may not write to the folder"));
  }
  SECTION("a board's folder became read-only") {
    rig.server.make_read_only(id_of(rig, "Backups/Board/acme/House"));
    rig.source.rows["cards"][0].title = "new";
    CHECK_THAT(rig.sync_error(), ContainsSubstring("may not write there any more"));
  }
  SECTION("no folder") {
    rig.folder = id_of(rig, "Backups/Board/acme/Index");
    CHECK_THAT(rig.sync_error(), ContainsSubstring("is no folder of Drive"));
  }
}

TEST_CASE("a dry run counts and writes nothing") {
  TwoBoards rig;
  rig.options.dry_run = true;
  auto report = rig.sync();
  CHECK(report.created == two_boards.size() - 1);  // the folder at the top is the target's own
  CHECK(rig.requests == 1);
  CHECK(rig.paths().empty());
  CHECK(rig.memory.known.empty());
}

TEST_CASE("an attachment that the repository cannot give does not hold up the others") {
  TwoBoards rig;
  add_attachment(rig, "f1", "lost.pdf", "12345");
  rig.source.file_list.back().file.size = 6;  // what is read is shorter
  add_attachment(rig, "f2", "plan.pdf", "here");
  auto report = rig.sync();
  REQUIRE(report.failed.size() == 1);
  CHECK_THAT(report.failed[0], ContainsSubstring("lost.pdf"));
  auto paths = rig.paths();
  CHECK(std::count(paths.begin(), paths.end(),
                   "probackup/Board/acme/House/Attached files/plan.pdf") == 1);
  CHECK(paths.size() == two_boards.size() + 2);
}

TEST_CASE("a stopped sync says so, and the next one goes on") {
  TwoBoards rig;
  std::stop_source stop;
  unsigned requests = 0;
  rig.server.server().set_finish([&](const ApiRequest&, ApiAnswer&) {
    if (++requests == 6) stop.request_stop();
  });
  try {
    rig.sync(stop.get_token());
    FAIL("not stopped");
  } catch (const Error& error) {
    CHECK(error.kind() == ErrorKind::interrupted);
  }
  CHECK(rig.paths().size() < two_boards.size());
  rig.sync();
  CHECK(rig.paths() == two_boards);
}
