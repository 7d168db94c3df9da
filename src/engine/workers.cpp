#include "engine/workers.h"

#include <utility>

namespace probackup {

Workers::Workers(unsigned threads) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

Workers::~Workers() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ready_changed_.notify_all();
  for (auto& thread : threads_) thread.join();
}

void Workers::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    ready_changed_.wait(lock, [this] { return stopping_ || !ready_.empty(); });
    if (stopping_) return;
    Group* group = ready_.front();
    ready_.pop_front();
    auto task = std::move(group->tasks_.front());
    group->tasks_.pop_front();
    if (!group->tasks_.empty()) ready_.push_back(group);
    ++group->running_;
    lock.unlock();
    group->execute(task);
    task = nullptr;  // what it holds may belong to the group's owner
    lock.lock();
    --group->running_;
    group->changed_.notify_all();
  }
}

void Workers::Group::execute(const std::function<void()>& task) noexcept {
  try {
    task();
  } catch (...) {
    std::lock_guard lock(workers_.mutex_);
    if (!error_) error_ = std::current_exception();
    if (!tasks_.empty()) workers_.ready_.remove(this);
    tasks_.clear();
  }
}

void Workers::Group::run(std::function<void()> task) {
  {
    std::lock_guard lock(workers_.mutex_);
    if (error_) std::rethrow_exception(error_);
    if (tasks_.size() < queued_max_) {
      if (tasks_.empty()) workers_.ready_.push_back(this);
      tasks_.push_back(std::move(task));
      workers_.ready_changed_.notify_one();
      return;
    }
  }
  task();
}

void Workers::Group::drain() {
  std::unique_lock lock(workers_.mutex_);
  while (!tasks_.empty() || running_ > 0) {
    if (tasks_.empty()) {
      changed_.wait(lock);
      continue;
    }
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    if (tasks_.empty()) workers_.ready_.remove(this);
    lock.unlock();
    execute(task);
    task = nullptr;
    lock.lock();
  }
}

void Workers::Group::wait() {
  drain();
  std::lock_guard lock(workers_.mutex_);
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Workers::Group::settle() {
  {
    std::lock_guard lock(workers_.mutex_);
    if (!tasks_.empty()) workers_.ready_.remove(this);
    tasks_.clear();
  }
  drain();
}

}  // namespace probackup
