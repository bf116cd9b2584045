// Values in Redis' hashes: a head that scripts read, and the packed record (layout.md). Pure.
#pragma once

#include <string>
#include <string_view>

#include "store/event_catalog.h"

namespace schedules::redis {

inline constexpr size_t kMemberBytes = 24;  ///< sequence ‖ id

std::string be64(uint64_t value);
/// What a put sends: the value without its sequence, which the script gives.
std::string tail_of(const Event& event, bool compress);
/// state ‖ fingerprint ‖ record, of a final state.
std::string ended_value(const Event& event, const Outcome& outcome, bool compress);
char letter_of(State state);

/// Errors: corrupt, newer_layout.
Result<StoredEvent> waiting_of(std::string_view value, bool in_flight);
Result<StoredEvent> ended_of(std::string_view value);
uint64_t sequence_of(std::string_view value);
EventId id_of(std::string_view bytes);
EventId id_of_member(std::string_view member);

}  // namespace schedules::redis
