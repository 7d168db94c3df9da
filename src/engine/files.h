// Downloads of the files that hang off records, and references to git repositories.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "engine/fetch.h"

namespace probackup {

// Reads one record's files. Immutable; safe for concurrent use.
class FileReader {
 public:
  // Reports a file that could not be read.
  using OnGap = std::function<void(Gap)>;
  FileReader(const StreamModel& stream, const RunContext& context, Fetcher& fetcher,
             BackupSink& sink, Counters& counters);
  // True if records of this stream have files or git repositories at all.
  bool has_any() const { return !stream_.files.empty() || !stream_.git.empty(); }
  // `names`: the listing's. Throws what the sink throws, and what ends the run.
  void read(const std::string& key, const std::string& raw, const Scope& names, const OnGap& on_gap,
            std::stop_token stop) const;

 private:
  // Where the bytes go; null where they are not wanted.
  struct FileTarget {
    std::unique_ptr<FileSink> sink;
    std::uint64_t received = 0;
    bool used = false;
  };
  void read_model(const FileModel& model, const std::string& key, const Scope& names,
                  const OnGap& on_gap, std::stop_token stop) const;
  void read_one(const FileModel& model, const std::string& key, const Scope& names,
                const OnGap& on_gap, std::stop_token stop) const;
  void download(const FileModel& model, const FileRef& ref, const Scope& names, const OnGap& on_gap,
                std::stop_token stop) const;
  // `renewed`: the address, if it is not the model's own.
  Fetched fetch_bytes(const FileModel& model, const FileRef& ref, const std::string& renewed,
                      const Scope& names, FileTarget& target, std::stop_token stop) const;
  std::string renewed_url(const FileModel& model, const Scope& names, std::stop_token stop) const;
  std::optional<GitRef> git_ref(const GitModel& model, const std::string& key,
                                const Scope& names) const;

  const StreamModel& stream_;
  const RunContext& context_;
  Fetcher& fetcher_;
  BackupSink& sink_;
  Counters& counters_;
};

}  // namespace probackup
