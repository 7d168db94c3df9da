// An account whose records and files change at random, and a backup of it.
#pragma once

#include <map>
#include <random>
#include <string>

#include "job/singer.h"
#include "probackup/job.h"

namespace probackup::simulation {

// What a snapshot must hold.
struct Truth {
  // Stream to key to raw record.
  std::map<std::string, std::map<std::string, std::string>> records;
  // "KEY/FILE" to bytes; all files hang on records of the stream "tasks".
  std::map<std::string, std::string> files;
  bool operator==(const Truth&) const = default;
};

class Account {
 public:
  explicit Account(std::string name);
  const std::string& name() const { return name_; }
  const Truth& truth() const { return truth_; }
  void change(std::mt19937_64& random);
  // Reads the account as it is when the feed runs. The account must outlive the source.
  BackupSource source();

 private:
  void feed(BackupSink& sink);

  std::string name_;
  Truth truth_;
  std::uint64_t next_ = 0;
  PlainDescriber describer_;
};

// What the first difference is; empty when there is none.
std::string difference(const Truth& found, const Truth& wanted);

// What a snapshot holds. Throws Error where it cannot be read.
Truth read_back(Repository& repository, const Snapshot& snapshot);

}  // namespace probackup::simulation
