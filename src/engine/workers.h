// A fixed number of threads that run the tasks of several groups in turn.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace probackup {

class Workers {
 public:
  explicit Workers(unsigned threads);
  // All groups must be gone.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Tasks that are waited for together. A task may have a group of its own; because waiting threads
  // run their own group's tasks, groups inside groups never wait for each other.
  class Group {
   public:
    // At most `queued_max` tasks wait in the queue.
    Group(Workers& workers, std::size_t queued_max) : workers_(workers), queued_max_(queued_max) {}
    ~Group() { settle(); }
    Group(const Group&) = delete;
    Group& operator=(const Group&) = delete;

    // Queues the task, or runs it here when the queue is full. Throws what an earlier task threw.
    // Safe for concurrent calls.
    void run(std::function<void()> task);
    // Drops the tasks that did not start and waits for the others. Not from inside a task.
    void settle();
    // Returns when all tasks are done. Throws what the first failing task threw; the tasks still in
    // the queue are dropped then.
    void wait();

   private:
    friend class Workers;
    void execute(const std::function<void()>& task) noexcept;
    void drain();

    Workers& workers_;
    const std::size_t queued_max_;
    // Guarded by workers_.mutex_.
    std::deque<std::function<void()>> tasks_;
    std::size_t running_ = 0;
    std::exception_ptr error_;
    std::condition_variable changed_;
  };

 private:
  void work();

  std::mutex mutex_;  // guards what follows, and the groups
  std::condition_variable ready_changed_;
  std::list<Group*> ready_;  // those with queued tasks; served in turn
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

// For tasks that use what dies with the scope of this, also when an exception ends it.
struct SettleAtEnd {
  Workers::Group& group;
  ~SettleAtEnd() { group.settle(); }
};

}  // namespace probackup
