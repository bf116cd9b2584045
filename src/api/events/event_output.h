// Events as JSON: the one writer for every answer that shows one.
#pragma once

#include <string>

#include "model/event.h"
#include "model/schedule.h"

namespace schedules::api {

/// How the tiers' stores are called, e.g. "rocksdb", and which node owns an event, where that is known.
struct EventView {
  std::string near_store = "rocksdb";
  std::string far_store = "rocksdb";
  std::function<std::string(const EventId&)> owner;  ///< may be empty
};

enum class Lateness : uint8_t { untold, late };

void append_event(std::string& out, const StoredEvent& stored, const EventView& view,
                  Lateness lateness = Lateness::untold);
/// What is left of a finished event: its execution.
void append_finished(std::string& out, const Execution& execution);
void append_dead_letter(std::string& out, const DeadLetter& letter, const EventView& view);
/// One sentence on why the event is in its state, and what happens next.
std::string why(const StoredEvent& stored);

}  // namespace schedules::api
