// What every account behind a test server can do, so that one test runs over all of them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "demo/api_server.h"

namespace probackup {

// An account of one app: its data, the server that speaks the app's API about them, and the truth
// to hold a backup against. All methods are safe for concurrent calls.
class TestAccount {
 public:
  // Records of one kind: key to the raw JSON text that the API sends for it now. The key is the
  // record's id; where ids are unique only below a parent (a branch's name), "PARENT/ID".
  using Truth = std::map<std::string, std::string>;

  virtual ~TestAccount() = default;

  // The connector's app name: "trello".
  virtual std::string app() const = 0;
  // What a connector needs to read the account: base_url, and credentials that the server accepts.
  virtual std::map<std::string, std::string> settings() const = 0;
  // The kinds of records there are, named after the API's own nouns: "boards", "cards".
  virtual std::vector<std::string> streams() const = 0;
  // Every record of a kind. `query` holds the parameters that change what a record contains, as in
  // the URL ("attachments=true&checklists=all"); "" for the API's defaults. Throws Error for an
  // unknown stream.
  virtual Truth truth(const std::string& stream, const std::string& query = {}) const = 0;
  // The content of every attachment, by "PARENT_ID/FILE_ID".
  virtual Truth files() const = 0;
  // Makes `changes` seeded changes: adds, edits, archives, moves, deletes.
  virtual void mutate(std::uint64_t seed, unsigned changes) = 0;
  virtual ApiServer& server() = 0;
};

}  // namespace probackup
