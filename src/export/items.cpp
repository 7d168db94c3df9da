// items/STREAM/ID.json: one indented file for each record.
#include "export/format.h"
#include "export/json_text.h"

namespace probackup {
namespace {

class ItemsWriter : public FormatWriter {
 public:
  explicit ItemsWriter(ExportContext& context) : context_(context) {}

  void begin_stream(std::size_t stream) override { stream_ = stream; }
  void record(const ExportRecord& record, const std::string& name) override {
    auto json = checked_json(parser_, record.raw);
    context_.target.write(item_path(context_.streams[stream_], name),
                          (json ? indent_json(*json) : record.raw) + "\n");
  }

 private:
  ExportContext& context_;
  RawJson parser_;
  std::size_t stream_ = 0;
};

}  // namespace

std::string item_path(const StreamFolder& stream, const std::string& name) {
  return "items/" + stream.name + "/" + name + ".json";
}

std::unique_ptr<FormatWriter> make_items_writer(ExportContext& context) {
  return std::make_unique<ItemsWriter>(context);
}

}  // namespace probackup
