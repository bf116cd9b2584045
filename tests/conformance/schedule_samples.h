// Schedules, letters and executions with every field set, and all fields of each for comparing. A
// field that is added to a struct stops this file from compiling, so that no test forgets it.
#pragma once

#include <tuple>

#include "model/record.h"
#include "model/schedule.h"

namespace schedules::testing {

inline TimePoint at_second(int64_t seconds) { return from_micros((1'800'000'000 + seconds) * 1'000'000); }
inline std::string object_id(uint32_t number) { return fmt::format("{:024x}", number); }
EventId event_id(uint64_t number);

/// Every field is unlike its default and unlike that of another number.
Schedule full_schedule(uint32_t number);
/// A small one, called "schedule <number>", active, due at `next`.
Schedule plain_schedule(uint32_t number, std::optional<TimePoint> next = std::nullopt);
DeadLetter full_letter(uint64_t number);
Execution full_execution(uint64_t number);

inline auto fields_of(const Schedule& schedule) {
  const auto& [id, name, description, status, cron, every, execution_time, one_time, timezone, start_at, end_at,
               max_count, jitter, dst_gap, dst_overlap, catch_up, late_after, window, catch_max, rate, overlap,
               overlap_limit, max_runtime, ack, alerts, event_type, event_action, entity_id, payload, headers,
               correlation_id, actor_type, actor_id, topic, target, priority, max_delay, max_retries, retry_delay, tags,
               revision, planned_until, next_execution, last_execution, last_status, planned_count, execution_count,
               error_count, last_error, note, created_at, updated_at, created_by, owner, audit] = schedule;
  static_cast<void>(audit);  // not stored
  return std::tie(id, name, description, status, cron, every, execution_time, one_time, timezone, start_at, end_at,
                  max_count, jitter, dst_gap, dst_overlap, catch_up, late_after, window, catch_max, rate, overlap,
                  overlap_limit, max_runtime, ack, alerts, event_type, event_action, entity_id, payload, headers,
                  correlation_id, actor_type, actor_id, topic, target, priority, max_delay, max_retries, retry_delay,
                  tags, revision, planned_until, next_execution, last_execution, last_status, planned_count,
                  execution_count, error_count, last_error, note, created_at, updated_at, created_by, owner);
}

inline auto fields_of(const Execution& execution) {
  const auto& [id, event_id, schedule_id, schedule_name, topic, entity_type, entity_id, action, correlation_id, due_at,
               executed_at, duration, status, state, reason, error, attempt, sink, position, node_id, waited_far,
               accepted_at] = execution;
  static_cast<void>(accepted_at);  // not stored
  return std::tie(id, event_id, schedule_id, schedule_name, topic, entity_type, entity_id, action, correlation_id,
                  due_at, executed_at, duration, status, state, reason, error, attempt, sink, position, node_id,
                  waited_far);
}

inline auto fields_of(const DeadLetter& letter) {
  const auto& [event, reason, detail, died_at] = letter;
  std::string packed;
  pack(event, State::pending, Tier::near, {}, packed);
  return std::tuple(packed, reason, detail, died_at);
}

/// Whether all fields are equal; else which one is the first that differs.
template <class T>
std::string difference(const T& left, const T& right) {
  std::string found;
  const auto a = fields_of(left);
  const auto b = fields_of(right);
  [&]<size_t... Index>(std::index_sequence<Index...>) {
    const auto check = [&](size_t index, bool equal) {
      if (!equal && found.empty()) found = fmt::format("field {} (from 0) differs", index);
    };
    (check(Index, std::get<Index>(a) == std::get<Index>(b)), ...);
  }(std::make_index_sequence<std::tuple_size_v<decltype(a)>>{});
  return found;
}

}  // namespace schedules::testing
