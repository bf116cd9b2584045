#include "base/executor.h"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace schedules {
namespace {

class ThreadExecutor final : public Executor {
 public:
  ThreadExecutor(std::string name, int nice)
      : thread_([this, name, nice] {
          name_this_thread(name);
          // Of this thread alone, on Linux.
          if (nice > 0) static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), nice));
          run();
        }) {}
  ~ThreadExecutor() override {
    {
      const std::scoped_lock lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void post(Task task) override {
    {
      const std::scoped_lock lock(mutex_);
      queue_.push_back(std::move(task));
    }
    wake_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      auto batch = std::exchange(queue_, {});
      lock.unlock();
      for (auto& task : batch) task();
      batch.clear();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Executor> thread_executor(std::string name, int nice) {
  return std::make_unique<ThreadExecutor>(std::move(name), nice);
}

void name_this_thread(const std::string& name) { pthread_setname_np(pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace schedules
