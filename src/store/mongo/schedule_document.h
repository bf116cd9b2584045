// A schedule as a document of `mongo_schedules`: the original's fields under its names and types, ours beside them, and
// `bookkeeping`, which only we write:
//
//   { layout: 1, rule: <hash>, template: <hash>, status: "active",   what we last wrote: anything else is an edit
//     next: <µs>, planned_until: <µs>, planned_count: 0,             next_execution is its copy in milliseconds
//     micros: { created_at: <µs>, … },                               where a date is not exact, and of execution_time
//     event_payload: "…", event_headers: [[name, value], …],         where BSON would not give them back as they were
//     refused: "…", alias: "…" }                                     of a document that cannot be used
//
// One that cannot be used is left as its author wrote it and shown as disabled; last_error says why. Once it is mended it
// goes on by itself.
//
// `revision` stands beside it. To change the layout: raise kScheduleLayout, keep reading every older one.
#pragma once

#include <string>
#include <string_view>

#include "model/schedule.h"
#include "mongo/bson.h"

namespace schedules {

inline constexpr int kScheduleLayout = 1;
/// What last_error of a schedule begins with whose document cannot be used.
inline constexpr std::string_view kRefused = "not usable: ";

/// What a document holds, as far as it can be read.
struct ScheduleDocument {
  /// With a fault, or refused: disabled, last_error says why. Its revision is 0 where the document has none.
  Schedule schedule;
  ScheduleStatus status = ScheduleStatus::active;  ///< as it stands there
  std::string fault;                               ///< why it cannot be read; empty: it can
  std::string refused;                             ///< why it was found not to be usable, as the bookkeeping knows

  bool ours = false;             ///< there is bookkeeping that we can read
  bool rule_edited = false;      ///< rule, status or plan are not what we last wrote
  bool template_edited = false;  ///< something else is not
  bool time_moved = false;       ///< of a single time: it is another one

  /// Somebody has to look at it: take_over.h.
  [[nodiscard]] bool wants_a_look() const {
    return !ours || rule_edited || template_edited || !fault.empty() || !refused.empty();
  }
};

/// Never fails: what cannot be read becomes a fault. A document without an ObjectId gets an id that is derived of its _id.
ScheduleDocument read_schedule(std::string_view document);

/// Everything but _id, counters and last_*: for $set, and for inserts with counters_of.
mongo::Document written_fields(const Schedule& schedule);
/// execution_count, error_count and last_*.
mongo::Document counters_of(const Schedule& schedule);
struct Refusal {
  std::string fault;
  std::string alias;  ///< the id it is shown under, where its _id is none
};
mongo::Document bookkeeping_of(const Schedule& schedule, const Refusal& refusal = {});

/// Appends all fields of `more`.
void append_fields(mongo::Document& to, const mongo::Document& more);

}  // namespace schedules
