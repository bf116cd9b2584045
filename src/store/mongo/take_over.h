// What other programs write into `mongo_schedules`: documents of the original, imports, edits in the mongo shell. They are
// noticed by what stands in the bookkeeping (schedule_document.h) and become edits like any other: a new revision, planned
// anew. What cannot be used is shown as disabled and does not hold up the others. Thread-safe; blocks, on the client's
// threads. Two nodes at one document: the revision decides.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "model/schedule.h"
#include "mongo/connection.h"
#include "time/clock.h"

namespace schedules {

struct ScheduleDocument;

enum class ForeignEdit : uint8_t {
  rule,           ///< it fires at other times, or its status was changed, or it is new
  template_only,  ///< it fires at the same times
};

/// Checks such a schedule and plans it anew from now on (rule), or again what is planned and has not fired (template_only);
/// sets planned_until, planned_count and next_execution. Errors: what is wrong with it. Called on threads of the store.
using Replan = std::function<Status(Schedule& schedule, ForeignEdit edit, TimePoint now)>;

struct TakeOverFigures {
  uint64_t taken_over = 0;  ///< edits and new documents, so far
  uint64_t refused = 0;     ///< documents that the last whole look found not to be usable
};

class TakeOver {
 public:
  /// Without `replan` nothing is checked, and the planner begins anew from now.
  TakeOver(Replan replan, const Clock& clock) : replan_(std::move(replan)), clock_(clock) {}

  /// The schedule that the document is, taken over where that is due; nullopt where it is gone by now.
  Result<std::optional<Schedule>> look_at(mongo::Connection& mongo, std::string_view document);
  /// All of them. Answers how many were taken over, or are newly refused.
  Result<uint64_t> look_at_all(mongo::Connection& mongo);

  [[nodiscard]] TakeOverFigures figures() const { return {taken_over_, refused_}; }

 private:
  struct Change;
  struct Seen {
    std::optional<Schedule> schedule;
    bool changed = false;  ///< we wrote
  };

  Result<Seen> look(mongo::Connection& mongo, std::string_view document);
  [[nodiscard]] std::optional<Change> change_of(const ScheduleDocument& read, std::string_view document) const;
  Status plan(const ScheduleDocument& read, Schedule& schedule, TimePoint now) const;
  void log_change(const ScheduleDocument& read, const Change& change);
  void note_change(mongo::Connection& mongo, const Change& change);
  Result<bool> write(mongo::Connection& mongo, std::string_view document, const Change& change);

  const Replan replan_;
  const Clock& clock_;
  std::atomic<uint64_t> taken_over_{0};
  std::atomic<uint64_t> refused_{0};
};

}  // namespace schedules
