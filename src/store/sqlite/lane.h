// One connection and the executor it is used on. Writes that wait together share one transaction,
// and so one sync of the disk; each is answered after the commit. Reads run between transactions,
// never inside one.
//
// Writes of a batch run first, then its reads: nobody has been answered yet, so either order is a
// true one, and a caller that reads after its own write sees it.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

class Lane {
 public:
  /// `executor`: absent means a thread of its own, named `name`. It must outlive the lane.
  Lane(Database database, Executor* executor, std::string name, size_t batch_max, int nice = 0);
  Lane(const Lane&) = delete;
  /// Does what is queued, answers it, then goes. Not on the lane's own executor.
  ~Lane();

  /// `work` is Result<T>(Database&). It may run twice: when a batch fails, each of its writes is
  /// tried again in a transaction of its own, so that one does not harm its neighbours. A work that
  /// refuses (a fault which is not the storage's) must do so before it changes anything.
  template <class T, class Work>
  void write(Work work, Done<T> done) {
    submit(std::make_unique<JobOf<T, Work>>(std::move(work), std::move(done)), true);
  }
  template <class T, class Work>
  void read(Work work, Done<T> done) {
    submit(std::make_unique<JobOf<T, Work>>(std::move(work), std::move(done)), false);
  }

 private:
  class Job {
   public:
    virtual ~Job() = default;
    virtual Status run(Database& database) = 0;
    virtual void answer(Status ended) = 0;
  };
  using Jobs = std::vector<std::unique_ptr<Job>>;

  template <class T, class Work>
  class JobOf final : public Job {
   public:
    JobOf(Work work, Done<T> done) : work_(std::move(work)), done_(std::move(done)) {}
    Status run(Database& database) override {
      result_ = work_(database);
      if (!result_) return fail(result_.error());
      return {};
    }
    void answer(Status ended) override {
      if (!ended) result_ = fail(std::move(ended.error()));
      done_(std::move(result_));
    }

   private:
    Work work_;
    Done<T> done_;
    Result<T> result_ = fail(Code::internal, "never ran");
  };

  struct Queued {
    std::unique_ptr<Job> job;
    bool writes = false;
  };

  void submit(std::unique_ptr<Job> job, bool writes);
  void drain();
  void commit(Jobs& jobs);
  Status run_together(Jobs& jobs, std::vector<Status>& ends);

  Database database_;
  const size_t batch_max_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<Queued> queue_;  ///< guarded by mutex_
  bool draining_ = false;     ///< guarded by mutex_: a drain is posted or under way
  std::unique_ptr<Executor> own_;
  Executor& executor_;
};

}  // namespace schedules::sqlite
