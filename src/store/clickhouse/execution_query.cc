#include "store/clickhouse/execution_query.h"

#include <charconv>

namespace schedules {

std::string Conditions::next(std::string_view fragment, std::string_view type, std::string_view joined_by) {
  constexpr std::string_view kPlace = "{value}";
  auto name = fmt::format("c{}", count_++);
  if (!sql_.empty()) sql_ += joined_by;
  const size_t at = fragment.find(kPlace);
  sql_ += fragment.substr(0, at);
  if (at != std::string_view::npos) {
    sql_ += fmt::format("{{{}:{}}}", name, type);
    sql_ += fragment.substr(at + kPlace.size());
  }
  return name;
}

void Conditions::text(std::string_view fragment, std::string_view value) {
  parameters_.text(next(fragment, "String"), value);
}
void Conditions::time(std::string_view fragment, TimePoint value) {
  parameters_.time(next(fragment, "DateTime64(6, 'UTC')"), value);
}
void Conditions::id(std::string_view fragment, const EventId& value) { parameters_.id(next(fragment, "UUID"), value); }
void Conditions::number(std::string_view fragment, int64_t value) {
  parameters_.number(next(fragment, "Int64"), value);
}
void Conditions::or_text(std::string_view fragment, std::string_view value) {
  parameters_.text(next(fragment, "String", " OR "), value);
}
void Conditions::plain(std::string_view fragment) { next(fragment, ""); }

namespace {

void add_status(Conditions& conditions, RunStatus status) {
  if (status == RunStatus::success) conditions.plain("status = 'success'");
  if (status == RunStatus::failure) conditions.plain("status IN ('error', 'timeout')");
  if (status == RunStatus::skipped) conditions.plain("status = 'skipped'");
  if (status == RunStatus::running) conditions.plain("status = 'running'");
}

}  // namespace

void add_conditions(Conditions& conditions, const ExecutionFilter& filter) {
  if (filter.from) conditions.time("executed_at >= {value}", *filter.from);
  if (filter.to) conditions.time("executed_at < {value}", *filter.to);
  if (filter.schedule_id && filter.schedule_id->empty()) conditions.plain("NOT of_schedule");
  if (filter.schedule_id && !filter.schedule_id->empty()) {
    conditions.plain("of_schedule");
    conditions.text("schedule_id = {value}", *filter.schedule_id);
  }
  if (filter.event_id) conditions.id("event_id = {value}", *filter.event_id);
  if (filter.topic) conditions.text("topic = {value}", *filter.topic);
  if (filter.entity_type) conditions.text("entity_type = {value}", *filter.entity_type);
  if (filter.entity_id) conditions.text("entity_id = {value}", *filter.entity_id);
  if (filter.action) conditions.text("action = {value}", *filter.action);
  if (filter.correlation_id) conditions.text("correlation_id = {value}", *filter.correlation_id);
  if (filter.state) conditions.number("toInt8(state) = {value}", static_cast<int64_t>(*filter.state));
  if (filter.status) add_status(conditions, *filter.status);
}

std::string_view table_of(const ExecutionFilter& filter) {
  const bool of_one = filter.schedule_id && !filter.schedule_id->empty();
  const bool has_columns = !filter.event_id && !filter.entity_id && !filter.correlation_id && !filter.state;
  return of_one && has_columns ? "schedule_executions_by_schedule" : kResults;
}

Reach first_reach(const ExecutionFilter& filter) {
  return table_of(filter) == kResults ? Reach::newest_day : Reach::all;
}

Conditions conditions_of(const ExecutionFilter& filter) {
  Conditions conditions;
  add_conditions(conditions, filter);
  return conditions;
}

Conditions execution_conditions(const AnalyticsFilter& filter) {
  Conditions conditions;
  if (filter.from) conditions.time("executed_at >= {value}", *filter.from);
  if (filter.to) conditions.time("executed_at < {value}", *filter.to);
  if (filter.schedule_id) conditions.text("schedule_id = {value}", *filter.schedule_id);
  if (filter.event_type) conditions.text("entity_type = {value}", *filter.event_type);
  if (filter.level == AnalyticsLevel::info) conditions.plain("status IN ('success', 'running')");
  if (filter.level == AnalyticsLevel::warning) add_status(conditions, RunStatus::skipped);
  if (filter.level == AnalyticsLevel::error) add_status(conditions, RunStatus::failure);
  return conditions;
}

Conditions record_conditions(const AnalyticsFilter& filter) {
  Conditions conditions;
  if (filter.from) conditions.time("completed_at >= {value}", *filter.from);
  if (filter.to) conditions.time("completed_at < {value}", *filter.to);
  if (filter.schedule_id) conditions.text("schedule_id = {value}", *filter.schedule_id);
  if (filter.event_type) conditions.text("event_type = {value}", *filter.event_type);
  if (filter.level) conditions.number("toInt8(level) = {value}", static_cast<int64_t>(*filter.level));
  return conditions;
}

std::string cursor_of(const Execution& execution) {
  return fmt::format("{}.{}", to_micros(execution.executed_at), execution.id);
}

namespace {

struct Place {
  TimePoint at;
  std::string_view id;
};

Result<Place> place_of(std::string_view cursor) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  if (error != std::errc{} || !rest.starts_with('.')) {
    return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  }
  return Place{.at = from_micros(micros), .id = rest.substr(1)};
}

}  // namespace

Status after_cursor(Conditions& conditions, std::string_view cursor) {
  const auto place = place_of(cursor);
  if (!place) return fail(place.error());
  conditions.time("executed_at <= {value}", place->at);
  conditions.time("(executed_at < {value}", place->at);
  conditions.or_text("execution_id < {value})", place->id);
  return {};
}

Status within_newest_day(Conditions& conditions, const ExecutionFilter& filter) {
  auto end = filter.to;
  if (!filter.cursor.empty()) {
    const auto place = place_of(filter.cursor);
    if (!place) return fail(place.error());
    end = end ? std::min(*end, place->at) : place->at;
  }
  if (end) {
    conditions.time("executed_at >= {value}", *end - std::chrono::days(1));
  } else {
    conditions.plain("executed_at >= now64(6) - INTERVAL 1 DAY");
  }
  return {};
}

}  // namespace schedules
