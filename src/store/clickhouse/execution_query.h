// Conditions on executions and on posted records, as SQL text of ours and values beside it. Internal to this room.
#pragma once

#include <string>
#include <string_view>

#include "clickhouse/client.h"
#include "store/analytics_store.h"

namespace schedules {

class Conditions {
 public:
  /// `fragment` names its value as {value}.
  void text(std::string_view fragment, std::string_view value);
  void time(std::string_view fragment, TimePoint value);
  void id(std::string_view fragment, const EventId& value);
  void number(std::string_view fragment, int64_t value);
  /// Adds to the last one instead of beginning another.
  void or_text(std::string_view fragment, std::string_view value);
  /// Of our text alone.
  void plain(std::string_view fragment);

  /// The next conditions are of another part of the same query; their values stay apart.
  void begin_again() { sql_.clear(); }

  /// " WHERE …", or nothing.
  [[nodiscard]] std::string where() const { return sql_.empty() ? "" : " WHERE " + sql_; }
  [[nodiscard]] const clickhouse::Parameters& parameters() const { return parameters_; }

 private:
  std::string next(std::string_view fragment, std::string_view type, std::string_view joined_by = " AND ");

  std::string sql_;
  clickhouse::Parameters parameters_;
  int count_ = 0;
};

inline constexpr std::string_view kResults = "schedule_execution_results";
/// Where the rows of the filter lie close together: the results, or a table that has what the filter and figures ask for.
std::string_view table_of(const ExecutionFilter& filter);

/// How far to look for the newest: where the day has enough of them, the others need not be looked at.
enum class Reach : uint8_t { newest_day, all };
/// With which to begin: what lies close together is looked at whole.
Reach first_reach(const ExecutionFilter& filter);

/// All of the filter but cursor, skip and limit.
Conditions conditions_of(const ExecutionFilter& filter);
void add_conditions(Conditions& conditions, const ExecutionFilter& filter);
/// The executions that an analytics filter selects, and the posted records.
Conditions execution_conditions(const AnalyticsFilter& filter);
Conditions record_conditions(const AnalyticsFilter& filter);

/// "<executed_at in micros>.<id>"
std::string cursor_of(const Execution& execution);
/// Leaves what comes after the cursor's place, newest first. Errors: invalid_argument.
Status after_cursor(Conditions& conditions, std::string_view cursor);

/// Leaves the day before the end of what the filter selects, or before now: there the newest mostly are, and to look for
/// them in each day's partition takes long. Errors: invalid_argument (cursor).
Status within_newest_day(Conditions& conditions, const ExecutionFilter& filter);

/// The first line of an error column.
inline constexpr std::string_view kFirstLine =
    "if(position(assumeNotNull(error_message), '\\n') = 0, assumeNotNull(error_message), "
    "substring(assumeNotNull(error_message), 1, position(assumeNotNull(error_message), '\\n') - 1))";

}  // namespace schedules
