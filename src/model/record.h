// Events as stored bytes. Layout 2:
//
//   u8 layout (2) ‖ u8 state ‖ u8 tier ‖ bits (4): which optional fields follow ‖ fields in the order of record.cc ‖
//   outcome (final states only)
//
// Layout 1 had no bits and every field.
//
// Numbers are varints, times are micros since 1970, texts are length-prefixed. To change the layout: raise
// kRecordLayout, keep reading every older one, add a golden file of the old one to tests/unit/model/golden.
#pragma once

#include <string>
#include <string_view>

#include "model/event.h"

namespace schedules {

inline constexpr uint8_t kRecordLayout = 2;

/// Appends the packed record to `out`. A final state leaves out body and headers.
void pack(const StoredEvent& stored, std::string& out);
void pack(const Event& event, State state, Tier tier, const Outcome& outcome, std::string& out);
/// Errors: corrupt, newer_layout.
Result<StoredEvent> unpack(std::string_view bytes);

}  // namespace schedules
