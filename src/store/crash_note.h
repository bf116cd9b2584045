// How a store tells the engine that an event was in flight when a process died: begin answers it with one Attempt per
// crash (at: when that was found out) which carries this error. The engine counts them (quarantine, semantics S11).
#pragma once

#include <algorithm>
#include <string_view>

#include "model/event.h"

namespace schedules {

inline constexpr std::string_view kCrashAttempt = "in flight when the process died";

inline size_t crashes_of(const Event& event) {
  return static_cast<size_t>(std::ranges::count(event.attempts, kCrashAttempt, &Attempt::error));
}

/// Adds the crash unless the event knows of it, or was accepted (or redriven) after it.
inline void note_crash(Event& event, TimePoint at) {
  if (at < event.created_at) return;
  const bool known = std::ranges::any_of(
      event.attempts, [&](const Attempt& attempt) { return attempt.at == at && attempt.error == kCrashAttempt; });
  if (!known) event.attempts.push_back(Attempt{.at = at, .error = std::string(kCrashAttempt)});
}

}  // namespace schedules
