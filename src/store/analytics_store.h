// Analytics: executions seen as the original's records, together with records that other programs posted. An execution is
// stored once, by ExecutionStore::append; here it is only read. Append-only, kept for the retention time.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/analytics.h"
#include "store/execution_store.h"

namespace schedules {

/// Times are half open. A posted record stands at its completed_at, an execution at its executed_at.
struct AnalyticsFilter {
  std::optional<std::string> schedule_id;  ///< or the event id of a plain event
  std::optional<std::string> event_type;
  std::optional<AnalyticsLevel> level;
  std::optional<TimePoint> from;
  std::optional<TimePoint> to;
  size_t limit = 100;
};

/// Means are over those that have the measure: what was decided not to be fired has none.
struct AnalyticsFigures {
  uint64_t total = 0;
  uint64_t info = 0;
  uint64_t warning = 0;
  uint64_t error = 0;
  uint64_t succeeded = 0;
  uint64_t processed = 0;  ///< of which mean_processing_ms is the mean
  uint64_t queued = 0;     ///< queue times, of which mean_queue_ms is the mean
  double mean_processing_ms = 0;
  double mean_queue_ms = 0;

  void add(const AnalyticsFigures& other);
};

struct AnalyticsGroup {
  std::string key;  ///< schedule type, event type or schedule id; "" for all together
  AnalyticsFigures figures;
};

enum class AnalyticsBy : uint8_t { all, type, event_type, schedule };

/// All calls are thread-safe and answer once, on a thread of the store.
class AnalyticsStore {
 public:
  virtual ~AnalyticsStore() = default;
  /// Idempotent by AnalyticsRecord::id.
  virtual void post_records(std::vector<AnalyticsRecord> records, Done<void> done) = 0;
  /// The newest `limit`, by completed_at, newest first.
  virtual void find_records(AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done) = 0;
  /// In order of key; by schedule, the 1,000 with the most records.
  virtual void figures(AnalyticsFilter filter, AnalyticsBy by, Done<std::vector<AnalyticsGroup>> done) = 0;
  /// Of those of level error, the `limit` most frequent, most frequent first.
  virtual void common_errors(AnalyticsFilter filter, Done<std::vector<ErrorPattern>> done) = 0;
};

inline constexpr size_t kMostScheduleGroups = 1'000;

/// Groups of two sources as one, in order of key; the biggest `most` stay.
std::vector<AnalyticsGroup> merged(std::vector<AnalyticsGroup> groups, const std::vector<AnalyticsGroup>& more,
                                   size_t most);
std::vector<ErrorPattern> merged(std::vector<ErrorPattern> patterns, const std::vector<ErrorPattern>& more,
                                 size_t most);

}  // namespace schedules
