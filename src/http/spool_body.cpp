#include "http/spool_body.h"

#include <cstring>
#include <string>

namespace probackup {
namespace {

class SpoolBody final : public HttpBody {
 public:
  explicit SpoolBody(std::shared_ptr<SpoolFile> file) : file_(std::move(file)) {
    file_->flush();  // from here on reading is safe on any thread
  }
  std::uint64_t size() const override { return file_->size(); }
  std::size_t read(std::uint64_t offset, char* to, std::size_t max) override {
    std::string bytes = file_->read(offset, max);
    std::memcpy(to, bytes.data(), bytes.size());
    return bytes.size();
  }

 private:
  std::shared_ptr<SpoolFile> file_;
};

}  // namespace

std::shared_ptr<HttpBody> spool_body(std::shared_ptr<SpoolFile> file) {
  return std::make_shared<SpoolBody>(std::move(file));
}

}  // namespace probackup
