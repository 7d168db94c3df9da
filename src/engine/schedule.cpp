#include "engine/schedule.h"

#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <thread>

#include "engine/selection.h"

namespace probackup {
namespace {

class Schedule {
 public:
  Schedule(const std::function<bool(const StreamModel&, bool)>& read,
           const std::function<void()>& stop_all)
      : read_(read), stop_all_(stop_all) {}

  void run(const std::vector<const StreamModel*>& streams) {
    {
      std::vector<std::jthread> threads;
      for (const StreamModel* stream : streams)
        threads.emplace_back([this, stream] { run_one(*stream); });
    }
    if (error_) std::rethrow_exception(error_);
  }

 private:
  void run_one(const StreamModel& stream) {
    try {
      auto parents_complete = wait_for_parents(stream);
      if (!parents_complete) return;
      bool complete = read_(stream, *parents_complete);
      std::lock_guard lock(mutex_);
      done_[stream.name] = complete && *parents_complete;
    } catch (...) {
      {
        std::lock_guard lock(mutex_);
        if (!error_) error_ = std::current_exception();
      }
      stop_all_();
    }
    changed_.notify_all();
  }

  // Nothing when the run has failed meanwhile.
  std::optional<bool> wait_for_parents(const StreamModel& stream) {
    auto parents = parents_of(stream);
    std::unique_lock lock(mutex_);
    bool complete = true;
    for (const auto& parent : parents) {
      changed_.wait(lock, [&] { return error_ || done_.contains(parent); });
      if (error_) return std::nullopt;
      complete &= done_[parent];
    }
    return complete;
  }

  const std::function<bool(const StreamModel&, bool)>& read_;
  const std::function<void()>& stop_all_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::map<std::string, bool> done_;  // and whether all was read, those above included
  std::exception_ptr error_;
};

}  // namespace

void run_streams(const std::vector<const StreamModel*>& streams,
                 const std::function<bool(const StreamModel&, bool)>& read,
                 const std::function<void()>& stop_all) {
  Schedule(read, stop_all).run(streams);
}

}  // namespace probackup
