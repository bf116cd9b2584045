// Bulk jobs: progress of work over many events. Kept in memory, the newest thousand. Thread-safe.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "time/clock.h"

namespace schedules::api {

inline constexpr size_t kMaxJobs = 1000;
inline constexpr size_t kMaxJobsRunning = 16;
inline constexpr size_t kMaxJobErrors = 10;

enum class DryRun : uint8_t { no, yes };

class Job {
 public:
  Job(std::string id, std::string kind, DryRun dry_run, TimePoint created_at)
      : id_(std::move(id)), kind_(std::move(kind)), dry_run_(dry_run), created_at_(created_at) {}

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] bool dry_run() const { return dry_run_ == DryRun::yes; }
  [[nodiscard]] bool finished() const;
  void match(uint64_t count);  ///< so many more are meant
  void succeed();
  void skip();  ///< it was not in a state that allows it any more
  void fail_one(const Error& error);
  void truncate();  ///< more match than one job takes
  void finish(TimePoint at);
  void abort(const Error& error, TimePoint at);
  void append_json(std::string& out) const;

 private:
  const std::string id_;
  const std::string kind_;
  const DryRun dry_run_;
  const TimePoint created_at_;
  mutable std::mutex mutex_;
  uint64_t matched_ = 0;
  uint64_t succeeded_ = 0;
  uint64_t skipped_ = 0;
  uint64_t failed_ = 0;
  bool truncated_ = false;
  std::vector<Error> errors_;
  std::optional<Error> aborted_;
  std::optional<TimePoint> finished_at_;
};

class Jobs {
 public:
  /// Errors: overloaded, when kMaxJobsRunning are under way.
  Result<std::shared_ptr<Job>> start(std::string kind, DryRun dry_run, TimePoint now, Random& random);
  [[nodiscard]] std::shared_ptr<Job> find(std::string_view id) const;

 private:
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Job>> jobs_;  ///< oldest first
};

}  // namespace schedules::api
