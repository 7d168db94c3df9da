// A small S3 server on loopback, written after Amazon's "S3 API Reference" and "Authenticating
// Requests (AWS Signature Version 4)", with nothing of the client's code: it reads what was sent
// and checks it. Buckets in the path only. Faults can be put in the way.
#pragma once

#include <httplib.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "probackup/clock.h"

namespace probackup {

struct S3ServerOptions {
  std::string access_key = "TESTACCESS", secret_key = "test/secret+key", session_token;
  std::string region = "us-east-1";
  std::size_t page_keys = 3;   // names in one answer to a listing
  bool checks_digest = true;   // x-amz-content-sha256 against the body; Content-MD5 always
  bool honours_ranges = true;  // otherwise a range gets the whole object
  bool takes_locks = true;     // otherwise it accepts the headers of object lock and drops them
  Clock* clock = &system_clock();
};

class S3Server {
 public:
  struct Object {
    std::string bytes, lock_mode, lock_until;
    std::map<std::string, std::string> headers;  // x-amz-… as uploaded
  };
  // Answers the request itself and returns true, or changes nothing and returns false.
  using Fault = std::function<bool(const httplib::Request&, httplib::Response&)>;

  explicit S3Server(S3ServerOptions options = {});
  ~S3Server();

  // "http://127.0.0.1:PORT", and the repository URL of a bucket.
  std::string origin() const;
  std::string repository(const std::string& bucket_and_prefix) const;
  const S3ServerOptions& options() const { return options_; }

  void add_bucket(const std::string& name, bool object_lock = false);
  void drop_bucket(const std::string& name);
  // Keys and what they hold.
  std::map<std::string, Object> objects(const std::string& bucket);
  // "METHOD /path?query" of each request so far.
  std::vector<std::string> requests();
  // Each fault meets one request, in this order.
  void add_fault(Fault fault);
  void add_faults(unsigned count, Fault fault);
  // Changes the bodies of uploads on their way, as a broken proxy does.
  void set_damage(std::function<void(std::string&)> damage);
  void set_options(const std::function<void(S3ServerOptions&)>& change);

 private:
  struct Bucket {
    bool object_lock = false;
    std::map<std::string, Object> objects;
  };
  void answer(const httplib::Request& request, httplib::Response& response);
  void answer_bucket(const httplib::Request&, httplib::Response&, const std::string& name);
  void answer_object(const httplib::Request&, httplib::Response&, Bucket& bucket,
                     const std::string& key);
  void list(const httplib::Request&, httplib::Response&, const Bucket& bucket);
  void remove_many(const httplib::Request&, httplib::Response&, Bucket& bucket,
                   const std::string& body);
  void put(const httplib::Request&, httplib::Response&, Bucket& bucket, const std::string& key);
  void retention(const httplib::Request&, httplib::Response&, Bucket& bucket,
                 const std::string& key);

  S3ServerOptions options_;
  std::mutex mutex_;  // guards what follows, and options_
  std::map<std::string, Bucket> buckets_;
  std::vector<std::string> requests_;
  std::deque<Fault> faults_;
  std::function<void(std::string&)> damage_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

// Answers with an S3 error document.
void s3_refuse(httplib::Response& response, int status, const std::string& code,
               const std::string& more = {});
// The error code and more that this request's signature deserves; nothing when it is right.
struct S3Refusal {
  int status;
  std::string code, more;
};
std::optional<S3Refusal> check_s3_signature(const httplib::Request& request,
                                            const S3ServerOptions& options);

}  // namespace probackup
