// The one thread that changes the store. It takes all that is queued, makes one group of it, writes it with one sync
// and answers everybody: many callers share the price of a sync. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>

#include "base/executor.h"
#include "store/rocksdb/request.h"

namespace schedules::rocks {

class Writer {
 public:
  struct Limits {
    size_t queue_bytes = 0;
    size_t queue_requests = 0;
  };

  /// `refusals` is where requests are answered that are not even queued.
  Writer(Database& database, Ledger& ledger, const Clock& clock, Executor& refusals, Limits limits);
  /// Writes and answers what is queued, then syncs.
  ~Writer();
  Writer(const Writer&) = delete;

  /// Errors (as the request's answer): overloaded, shutting_down, and those of the write.
  void submit(std::unique_ptr<Request> request);

 private:
  using Requests = std::vector<std::unique_ptr<Request>>;
  void run();
  Requests take();
  Status write(Requests& requests);
  Status apply(Group& group, Requests& requests);
  Status recover();
  Status reload();
  void forget_expired(Group& group);
  void raise_bounds();

  Database& database_;
  Ledger& ledger_;
  const Clock& clock_;
  Executor& refusals_;
  const Limits limits_;

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::unique_ptr<Request>> queue_;
  size_t queued_bytes_ = 0;
  bool stopping_ = false;

  // The thread's own.
  bool broken_ = false;        ///< the last write failed
  std::string forgotten_to_;   ///< family done holds nothing before this
  std::string drop_files_to_;  ///< after the commit
  std::unique_ptr<rocksdb::WriteBatch> batch_;
  std::unique_ptr<Executor> thread_;  ///< runs run() for as long as the writer lives
};

}  // namespace schedules::rocks
