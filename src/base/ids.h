// Event ids: 16 bytes, a version-4 UUID in form (consumers insist on it), random or derived from a text.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"

namespace schedules {

struct EventId {
  std::array<uint8_t, 16> bytes{};

  auto operator<=>(const EventId&) const = default;
  /// Canonical lower-case text, 36 characters.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
};

EventId random_id(Random& random);
/// The same text gives the same id: SHA-256 with the version and variant bits set.
EventId derived_id(std::string_view text);
/// Reads canonical UUID text in either case; any version. nullopt if it is not one.
std::optional<EventId> parse_id(std::string_view text);
/// Whether the text is a UUID of version 4 and the RFC 4122 variant.
bool is_uuid4(std::string_view text);

/// 64 well-mixed bits of a text: fingerprints, shard choice, spreads. Stable across versions and machines.
uint64_t stable_hash(std::string_view text, uint64_t seed = 0);

/// A schedule's id: 24 lower-case hex digits, shaped like a MongoDB ObjectId (4 bytes seconds, 8 random).
std::string new_object_id(uint32_t unix_seconds, Random& random);
bool is_object_id(std::string_view text);

struct EventIdHash {
  size_t operator()(const EventId& id) const {
    uint64_t high = 0;
    std::memcpy(&high, id.bytes.data() + 8, sizeof(high));
    uint64_t low = 0;
    std::memcpy(&low, id.bytes.data(), sizeof(low));
    return high * 0x9E3779B97F4A7C15ULL ^ low;
  }
};

}  // namespace schedules
