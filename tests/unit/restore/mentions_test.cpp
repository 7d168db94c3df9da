// Texts that tell nobody.
#include "engine/mentions.h"

#include "catch.h"
#include "rig.h"

using namespace probackup;
using namespace probackup::test;
using nlohmann::json;

namespace {

const std::string joiner = "\xe2\x81\xa0";

std::string at(const std::string& name) {
  return "@" + joiner + name;
}

}  // namespace

TEST_CASE("A mention tells nobody, and an address of mail stays") {
  CHECK(without_mentions("@ada and @acme/team, (@bo)") ==
        at("ada") + " and " + at("acme/team") + ", (" + at("bo") + ")");
  CHECK(without_mentions("ada@x.example @ 5 @, @") == "ada@x.example @ 5 @, @");
  CHECK(without_mentions("") == "");
  CHECK(without_mentions("@@ada") == "@" + at("ada"));
}

TEST_CASE("Code between fences stays as it is, where it is certainly code") {
  const std::string code = "text\n\n```java\n@Override\n```\n";
  CHECK(without_mentions(code + "@ada") == code + at("ada"));
  CHECK(without_mentions("~~~\n@x\n```\n@x\n~~~~\n") == "~~~\n@x\n```\n@x\n~~~~\n");
  // Not closed, or perhaps inside of something else: rather too much than too little.
  CHECK(without_mentions("```\n@ada\n") == "```\n" + at("ada") + "\n");
  CHECK(without_mentions("<b>\n```\n@ada\n```\n") == "<b>\n```\n" + at("ada") + "\n```\n");
  CHECK(without_mentions("- x\n  ```\n@ada\n  ```\n") == "- x\n  ```\n" + at("ada") + "\n  ```\n");
}

TEST_CASE("A restore writes mentions that tell, only where it is asked to") {
  for (const bool notify : {false, true}) {
    json file = notes_file();
    file["restore"]["steps"][1]["body"]["text"] = "${record.text | relink | mute}";
    RestoreRig rig(file);
    rig.add_board("old-board-1", 1);
    json card = json::parse(rig.source.streams["cards"][0].raw);
    card["text"] = "ask @ada";
    rig.source.streams["cards"][0].raw = card.dump();
    rig.options.notify = notify;
    rig.run();
    CHECK(rig.made("cards", "old-board-1-card-0")["text"] ==
          (notify ? std::string("ask @ada") : "ask " + at("ada")));
  }
}
