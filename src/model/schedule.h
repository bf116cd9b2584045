// The schedule: a managed rule which makes one event of every occurrence; its executions; dead letters.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/alert.h"
#include "model/audit.h"
#include "model/event.h"

namespace schedules {

enum class ScheduleStatus : uint8_t { active, paused, disabled, completed };
enum class CatchUp : uint8_t { last, first, all, skip, fail };  ///< what to do about missed occurrences
enum class Overlap : uint8_t { allow, skip, buffer_one, buffer_all, cancel_other, max_parallel };
enum class Ack : uint8_t { none, required };  ///< required: a run goes on until somebody says that it has ended
enum class DstGap : uint8_t { shift_forward, skip };
enum class DstOverlap : uint8_t { first, second, both };
enum class RunStatus : uint8_t { success, failure, skipped, running };

struct Schedule {
  std::string id;  ///< 24 hex digits
  std::string name;
  std::optional<std::string> description;
  ScheduleStatus status = ScheduleStatus::active;

  // The rule: exactly one of cron, every and execution_time.
  std::optional<std::string> cron_expression;
  std::optional<Duration> every;  ///< interval: anchor + k·every
  std::optional<TimePoint> execution_time;
  bool one_time = false;
  std::string timezone = "UTC";
  std::optional<TimePoint> start_at;
  std::optional<TimePoint> end_at;
  std::optional<uint64_t> max_count;  ///< completed after that many occurrences
  Duration jitter{};
  DstGap dst_gap = DstGap::shift_forward;
  DstOverlap dst_overlap = DstOverlap::first;

  // Policies.
  CatchUp catch_up = CatchUp::last;
  std::chrono::seconds late_after{10};
  std::chrono::seconds catch_up_window{86'400};
  uint32_t catch_up_max = 100;
  double catch_up_rate = 10;  ///< fires per second while catching up
  Overlap overlap = Overlap::allow;
  uint32_t overlap_limit = 1;              ///< for buffer_all and max_parallel
  std::chrono::seconds max_runtime{3600};  ///< a run counts no longer than this
  Ack ack = Ack::none;
  AlertPolicy alerts;

  // The event it makes.
  std::string event_type;
  std::string event_action;
  std::optional<std::string> event_entity_id;
  std::optional<std::string> event_payload;  ///< JSON text of an object
  Headers event_headers;
  std::optional<std::string> event_correlation_id;
  std::string actor_type = "system";
  std::string actor_id = "scheduler";
  std::optional<std::string> topic;
  Target target;
  int8_t priority = 0;
  std::optional<std::chrono::seconds> max_delay;
  uint32_t max_retries = 3;
  std::chrono::seconds retry_delay{60};
  std::vector<std::string> tags;

  // State.
  uint64_t revision = 1;                    ///< grows with every edit; an occurrence of an older one never fires
  std::optional<TimePoint> planned_until;   ///< every nominal time up to here has been dealt with
  std::optional<TimePoint> next_execution;  ///< next due time, as shown
  std::optional<TimePoint> last_execution;
  std::optional<RunStatus> last_status;
  uint64_t planned_count = 0;  ///< occurrences made, for max_count
  uint64_t execution_count = 0;
  uint64_t error_count = 0;
  std::optional<std::string> last_error;
  std::string note;  ///< why an operator paused it
  TimePoint created_at;
  TimePoint updated_at;
  std::optional<std::string> created_by;
  std::string owner;  ///< of declarative schedules: who declares it; empty: made by hand

  AuditNote audit;  ///< written with the next create or update of this value; not a part of what is stored
};

/// The record of one firing, or of one decision not to fire.
struct Execution {
  std::string id;
  EventId event_id;
  std::string schedule_id;  ///< empty for a plain event
  std::string schedule_name;
  std::string topic;
  std::string entity_type;
  std::string entity_id;
  std::string action;
  std::string correlation_id;
  TimePoint due_at;
  TimePoint executed_at;  ///< publish start, or when it was decided
  Duration duration{};    ///< of the publish
  RunStatus status = RunStatus::success;
  State state = State::fired;  ///< of the event after it; pending: will be tried again
  std::string reason;
  std::string error;
  uint32_t attempt = 1;  ///< counted from 1
  std::string sink;
  std::string position;
  std::string node_id;
  bool waited_far = false;  ///< of a plain event: it was accepted for beyond the horizon
  TimePoint accepted_at;    ///< of the event; not stored: only the recorder looks at it
};

/// An event which used up its retries, kept with its reason until redriven or dropped.
struct DeadLetter {
  Event event;         ///< whole: body, headers, attempts
  std::string reason;  ///< retries_exhausted, rejected, expired_retry, misfire, …
  std::string detail;
  TimePoint died_at;
};

std::string_view to_string(ScheduleStatus value);
std::string_view to_string(CatchUp value);
std::string_view to_string(Overlap value);
std::string_view to_string(Ack value);
std::string_view to_string(DstGap value);
std::string_view to_string(DstOverlap value);
std::string_view to_string(RunStatus value);
std::optional<ScheduleStatus> parse_schedule_status(std::string_view text);
std::optional<CatchUp> parse_catch_up(std::string_view text);
std::optional<Overlap> parse_overlap(std::string_view text);
std::optional<Ack> parse_ack(std::string_view text);
std::optional<DstGap> parse_dst_gap(std::string_view text);
std::optional<DstOverlap> parse_dst_overlap(std::string_view text);
std::optional<RunStatus> parse_run_status(std::string_view text);

}  // namespace schedules
