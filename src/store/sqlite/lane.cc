#include "store/sqlite/lane.h"

namespace schedules::sqlite {

Lane::Lane(Database database, Executor* executor, std::string name, size_t batch_max, int nice)
    : database_(std::move(database)),
      batch_max_(batch_max),
      own_(executor == nullptr ? thread_executor(std::move(name), nice) : nullptr),
      executor_(executor == nullptr ? *own_ : *executor) {}

Lane::~Lane() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return !draining_; });
}

void Lane::submit(std::unique_ptr<Job> job, bool writes) {
  {
    const std::scoped_lock lock(mutex_);
    queue_.push_back({std::move(job), writes});
    if (std::exchange(draining_, true)) return;
  }
  executor_.post([this] { drain(); });
}

void Lane::drain() {
  while (true) {
    Jobs writes;
    Jobs reads;
    {
      const std::scoped_lock lock(mutex_);
      if (queue_.empty()) {
        draining_ = false;
        // Under the lock: once it is free, the lane may be gone.
        idle_.notify_all();
        return;
      }
      while (!queue_.empty() && writes.size() + reads.size() < batch_max_) {
        auto& next = queue_.front();
        (next.writes ? writes : reads).push_back(std::move(next.job));
        queue_.pop_front();
      }
    }
    if (!writes.empty()) commit(writes);
    for (auto& job : reads) job->answer(job->run(database_));
  }
}

void Lane::commit(Jobs& jobs) {
  std::vector<Status> ends(jobs.size());
  if (auto together = run_together(jobs, ends); !together) {
    for (size_t i = 0; i < jobs.size(); ++i) {
      if (jobs.size() == 1) {
        ends[i] = std::move(together);
        break;
      }
      Transaction transaction(database_);
      ends[i] = transaction.begun();
      if (ends[i]) ends[i] = jobs[i]->run(database_);
      if (ends[i]) ends[i] = transaction.commit();
    }
  }
  for (size_t i = 0; i < jobs.size(); ++i) jobs[i]->answer(std::move(ends[i]));
}

// A storage fault of one is a fault of all: the caller takes the batch apart.
Status Lane::run_together(Jobs& jobs, std::vector<Status>& ends) {
  Transaction transaction(database_);
  if (!transaction.begun()) return transaction.begun();
  for (size_t i = 0; i < jobs.size(); ++i) {
    ends[i] = jobs[i]->run(database_);
    if (!ends[i] && is_storage_fault(ends[i].error().code)) return ends[i];
  }
  return transaction.commit();
}

}  // namespace schedules::sqlite
