// Alerts, kept where schedules are kept, and the schedules that are watched for them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/alert.h"
#include "model/schedule.h"

namespace schedules {

struct AlertFilter {
  std::optional<bool> open;
  std::optional<AlertKind> kind;
  std::optional<std::string> schedule_id;
  bool current = false;  ///< only those that are open, or whose receiver is still to be told
  std::string cursor;
  size_t limit = 100;  ///< 1…1000
};

struct AlertPage {
  std::vector<Alert> alerts;  ///< opened last comes first
  std::string next_cursor;    ///< empty: there are no more
};

/// All calls are thread-safe, answer once on a thread of the store, and are durable when they answer.
/// Errors: unavailable, disk_full, io_error, and those named.
class AlertStore {
 public:
  virtual ~AlertStore() = default;
  /// By id, those behind `after`: active schedules, and completed ones whose last run failed.
  virtual void watched(std::string after, size_t limit, Done<std::vector<Schedule>> done) = 0;
  /// Errors: invalid_argument (cursor).
  virtual void find_alerts(AlertFilter filter, Done<AlertPage> done) = 0;
  /// Each is stored, with the next version, where the stored one has its version (0: where there is none, or one that
  /// is over and told); answers for each whether it was. So of two who know the same one alone goes on.
  virtual void save_alerts(std::vector<Alert> alerts, Done<std::vector<bool>> done) = 0;
  /// Removes what was over before then and waits for nothing; answers how many.
  virtual void forget_alerts(TimePoint before, Done<uint64_t> done) = 0;
};

// A page's cursor says which alert was its last: "<opened_at in micros>.<schedule id>.<kind>".
struct AlertPosition {
  TimePoint opened_at;
  std::string schedule_id;
  AlertKind kind = AlertKind::failure;
};
std::string cursor_of(const Alert& alert);
/// Errors: invalid_argument (cursor).
Result<AlertPosition> parse_alert_cursor(std::string_view cursor);

}  // namespace schedules
