// The bytes of the store, layout 1: keys and small values of each family. Event records are model/record.h's. Numbers
// in keys are big-endian, so that byte order is number order; times are micros since 1970 with the sign bit flipped.
//
//   due      tier u8 ‖ shard u16 ‖ class u8 ‖ fire_at u64 ‖ sequence u64
//              → id (16) ‖ packed event
//   id       id (16)
//              → 'p' or 'm' ‖ the due key, or
//                'f' ‖ state u8 ‖ tier u8 ‖ expires u64 ‖ sequence u64
//   done     expires u64 ‖ sequence u64
//              → packed event, without body, and outcome
//   tail     sequence u64
//              → at u64 ‖ topic ‖ message ‖ headers
//   default  see meta.h
//
// 'm' marks a moved event: fire_at is not due_at any more. class is 9 - priority, so that the highest comes first; the
// far tier keeps one order and has shard 0, class 0.
// Example: near, shard 5, priority 0, fire_at 1 s, sequence 7:
//   00 0005 09 80000000000F4240 0000000000000007
//
// To change any of it: raise kLayout, add a step to migrations.cc which turns the layout before into the new one, keep
// a store of the old layout in the conformance tests.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/event.h"

namespace schedules::rocks {

inline constexpr uint32_t kLayout = 1;
inline constexpr uint32_t kMaxShards = 1024;
inline constexpr uint32_t kClasses = kMaxPriority - kMinPriority + 1;
inline constexpr size_t kDueKeyBytes = 20;
inline constexpr size_t kRunPrefixBytes = 4;
inline constexpr size_t kIdBytes = 16;

enum class Family : uint8_t { meta, due, id, done, tail };
inline constexpr size_t kFamilies = 5;

/// A place in firing order; sequences are unique, so no two events share one.
struct Place {
  int64_t fire_at = INT64_MIN;
  uint64_t sequence = 0;
  auto operator<=>(const Place&) const = default;
};

/// A run is what one scan walks through: the events of one tier, shard and priority.
struct RunId {
  Tier tier = Tier::near;
  uint32_t shard = 0;
  uint32_t priority_class = 0;
  auto operator<=>(const RunId&) const = default;
};

struct DueKey {
  RunId run;
  Place place;
  auto operator<=>(const DueKey&) const = default;
};

using DueKeyBytes = std::array<char, kDueKeyBytes>;
using IdBytes = std::array<char, kIdBytes>;
using DoneKeyBytes = std::array<char, 16>;

/// What is known of an id. The fields of the other kind are unset.
struct IdEntry {
  enum class Kind : uint8_t { absent, pending, finished };
  Kind kind = Kind::absent;
  DueKey due;                  ///< pending
  bool moved = false;          ///< pending: fire_at is later than due_at
  State state = State::fired;  ///< finished
  Tier tier = Tier::near;      ///< finished: the tier it ended in
  int64_t expires_at = 0;      ///< finished: until when it is remembered, micros
  uint64_t sequence = 0;       ///< finished
};

inline uint32_t class_of(int8_t priority) { return static_cast<uint32_t>(kMaxPriority - priority); }
inline int8_t priority_of(uint32_t priority_class) {
  return static_cast<int8_t>(kMaxPriority - static_cast<int>(priority_class));
}
RunId run_of(Tier tier, uint32_t shard, int8_t priority);
inline std::string_view view(const auto& bytes) { return {bytes.data(), bytes.size()}; }

DueKeyBytes pack(const DueKey& key);
std::array<char, kRunPrefixBytes> run_prefix(const RunId& run);
/// The first key behind all of the run.
std::string run_end(const RunId& run);
std::optional<DueKey> read_due_key(std::string_view bytes);

IdBytes pack(const EventId& id);
std::string pack(const IdEntry& entry);
/// nullopt: damaged.
std::optional<IdEntry> read_id_entry(std::string_view bytes);

DoneKeyBytes done_key(int64_t expires_at, uint64_t sequence);
std::array<char, 8> be64(uint64_t value);
inline uint64_t ordered(int64_t micros) { return static_cast<uint64_t>(micros) ^ (uint64_t{1} << 63U); }
inline int64_t from_ordered(uint64_t bits) { return static_cast<int64_t>(bits ^ (uint64_t{1} << 63U)); }

/// The value of family due: the id in front, so that a record which cannot be read can still be named.
std::optional<EventId> read_due_id(std::string_view value);
std::string_view due_record(std::string_view value);

}  // namespace schedules::rocks
