// Executions: what fired, what failed, what was skipped and why. Append-only, kept for the retention time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/schedule.h"

namespace schedules {

/// Executions that never change and that several hold at once: a store that writes them, and who keeps them until it has.
class ExecutionBatch {
 public:
  ExecutionBatch(std::vector<Execution> executions)  // NOLINT(google-explicit-constructor): a batch is its executions
      : held_(std::make_shared<const std::vector<Execution>>(std::move(executions))) {}
  const std::vector<Execution>& operator*() const { return *held_; }
  const std::vector<Execution>* operator->() const { return held_.get(); }

 private:
  std::shared_ptr<const std::vector<Execution>> held_;
};

struct ExecutionFilter {
  std::optional<std::string> schedule_id;
  std::optional<EventId> event_id;
  std::optional<std::string> topic;
  std::optional<std::string> entity_type;
  std::optional<std::string> entity_id;
  std::optional<std::string> action;
  std::optional<std::string> correlation_id;
  std::optional<State> state;
  std::optional<RunStatus> status;
  std::optional<TimePoint> from;  ///< executed_at, half open
  std::optional<TimePoint> to;
  uint64_t skip = 0;
  std::string cursor;  ///< instead of skip
  size_t limit = 50;
};

struct ExecutionPage {
  std::vector<Execution> executions;  ///< newest first
  std::string next_cursor;
};

/// Lateness is executed_at - due_at of those that were tried: succeeded or failed. Percentiles are by nearest rank;
/// a store may be up to 1 % off in them over more than 200,000 executions.
struct ExecutionStats {
  uint64_t total = 0;
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  uint64_t skipped = 0;
  uint64_t timed = 0;           ///< those with a duration (above 0)
  double mean_duration_ms = 0;  ///< of the last 100 that have one (above 0); in a group, of all of its that have one
  double mean_lateness_ms = 0;
  double p50_lateness_ms = 0;
  double p95_lateness_ms = 0;
  double p99_lateness_ms = 0;
  std::optional<Execution> last;  ///< absent in groups
};

/// Figures of one hour or of one kind of event.
struct ExecutionGroup {
  std::string key;  ///< hour start as RFC 3339, or "entity_type.action"
  ExecutionStats stats;
};

enum class GroupBy : uint8_t { hour, event };

struct ErrorPattern {
  std::string error;  ///< first line
  uint64_t count = 0;
  TimePoint last_at;
};

/// What may go. Executions of schedules are their history and part of the figures: one goes when it is older than both.
/// Those of plain events are only figures.
struct RetentionCuts {
  TimePoint history;
  TimePoint analytics;
};
struct Expired {
  uint64_t history = 0;    ///< executions of schedules
  uint64_t analytics = 0;  ///< executions of plain events, and posted records
};

/// All calls are thread-safe and answer once, on a thread of the store.
class ExecutionStore {
 public:
  virtual ~ExecutionStore() = default;
  /// Idempotent by Execution::id: what is appended again must be the same, above all its executed_at.
  virtual void append(ExecutionBatch executions, Done<void> done) = 0;
  virtual void find_executions(ExecutionFilter filter, Done<ExecutionPage> done) = 0;
  virtual void stats(ExecutionFilter filter, Done<ExecutionStats> done) = 0;
  /// In order of key.
  virtual void groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) = 0;
  /// Of those with an error, the 100 most frequent, most frequent first.
  virtual void error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) = 0;
  /// Removes what was executed before the cuts; answers how many.
  virtual void expire(RetentionCuts cuts, Done<Expired> done) = 0;
};

}  // namespace schedules
