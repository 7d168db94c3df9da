// A snapshot as exports see it.
#include "job/layout.h"
#include "job/manifest.h"
#include "job/segment.h"
#include "probackup/job.h"

namespace probackup {
namespace {

class SnapshotExport final : public ExportSource {
 public:
  SnapshotExport(Repository& repository, const Snapshot& snapshot, RecordDescriber* describer)
      : repository_(repository),
        reader_(repository, snapshot),
        describer_(describer),
        manifest_text_(reader_.manifest_text()),
        manifest_(Manifest::parse(manifest_text_)),
        gaps_(reader_.gaps()) {}

  std::string app() const override { return manifest_.app; }
  std::string app_title() const override { return manifest_.app_title; }
  std::string account() const override { return manifest_.account; }
  std::string snapshot_id() const override { return reader_.snapshot().id.hex(); }
  Time time() const override { return reader_.snapshot().time; }
  std::string manifest() const override { return manifest_text_; }
  std::vector<Gap> gaps() const override { return gaps_; }

  std::vector<ExportStream> streams() const override {
    std::vector<ExportStream> out;
    for (const auto& [name, stream] : manifest_.streams)
      out.push_back({name, stream.title, stream.records, stream.parents});
    return out;
  }

  void records(const std::string& stream,
               const std::function<bool(const ExportRecord&)>& each) override {
    reader_.records(stream, [&](const SnapshotRecord& record) {
      Record described;
      described.stream = stream;
      described.key = record.key;
      described.parent_stream = record.parent_stream;
      described.parent = record.parent;
      described.raw = record.raw;
      if (describer_) describer_->describe(described);
      return each({described.key, described.parent_stream, described.parent, described.title,
                   described.url, std::move(described.raw)});
    });
  }

  void files(const std::function<bool(const ExportFile&)>& each) override {
    reader_.files([&](const SnapshotFile& file) {
      last_ = file;
      return each(
          {file.stream, file.key, file.id, file.name, file.node.size, pack_ids(file.node.content)});
    });
  }

  void read(const ExportFile& file, const std::function<void(std::string_view)>& each) override {
    if (last_.stream == file.stream && last_.id == file.id)
      return read_file_node(repository_, last_.node, each);
    reader_.files([&](const SnapshotFile& found) {
      if (found.stream != file.stream || found.id != file.id) return true;
      read_file_node(repository_, found.node, each);
      return false;
    });
  }

 private:
  Repository& repository_;
  SnapshotReader reader_;
  RecordDescriber* describer_;
  std::string manifest_text_;
  Manifest manifest_;
  std::vector<Gap> gaps_;
  SnapshotFile last_;  // the one that files() named last, which is the one usually read
};

}  // namespace

std::unique_ptr<ExportSource> export_source(Repository& repository, const Snapshot& snapshot,
                                            RecordDescriber* describer) {
  return std::make_unique<SnapshotExport>(repository, snapshot, describer);
}

}  // namespace probackup
