// Acknowledgements of runs: whoever consumed a fired event says how its work ended, once.
#pragma once

#include <mutex>
#include <unordered_set>

#include "api/deps.h"
#include "engine/events.h"
#include "engine/ports.h"

namespace schedules {

class Completions {
 public:
  Completions(Events& events, ExecutionLog& log, RunBook& runs, const Clock& clock, std::string node_id)
      : events_(events), log_(log), runs_(runs), clock_(clock), node_id_(std::move(node_id)) {}

  /// Errors: not_found, conflict (it has not fired, or was completed already).
  void complete(api::Completion completion, Done<void> done);

 private:
  void fired(const api::Completion& completion, const StoredEvent& stored, Done<void> done);

  Events& events_;
  ExecutionLog& log_;
  RunBook& runs_;
  const Clock& clock_;
  std::string node_id_;
  std::mutex mutex_;
  std::unordered_set<EventId, EventIdHash> completed_;
};

}  // namespace schedules
