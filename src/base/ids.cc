#include "base/ids.h"

#include <openssl/evp.h>

#include <fmt/format.h>

#include "base/check.h"

namespace schedules {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void stamp_version_4(EventId& id) {
  id.bytes[6] = static_cast<uint8_t>((id.bytes[6] & 0x0FU) | 0x40U);
  id.bytes[8] = static_cast<uint8_t>((id.bytes[8] & 0x3FU) | 0x80U);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

uint64_t mix(uint64_t a, uint64_t b) {
  const auto product = static_cast<Wide>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64U);
}

}  // namespace

std::string EventId::text() const {
  std::string out;
  out.reserve(36);
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out.push_back('-');
    out.push_back(kHex[bytes[i] >> 4U]);
    out.push_back(kHex[bytes[i] & 0x0FU]);
  }
  return out;
}

EventId random_id(Random& random) {
  EventId id;
  const uint64_t words[2] = {random.next(), random.next()};
  std::memcpy(id.bytes.data(), words, sizeof(words));
  stamp_version_4(id);
  return id;
}

EventId derived_id(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  CHECK(EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  EventId id;
  std::memcpy(id.bytes.data(), digest.data(), id.bytes.size());
  stamp_version_4(id);
  return id;
}

std::optional<EventId> parse_id(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  EventId id;
  size_t at = 0;
  for (size_t i = 0; i < id.bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) {
      if (text[at++] != '-') return std::nullopt;
    }
    const int high = hex_value(text[at]);
    const int low = hex_value(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    id.bytes[i] = static_cast<uint8_t>(high * 16 + low);
    at += 2;
  }
  return id;
}

bool is_uuid4(std::string_view text) {
  const auto id = parse_id(text);
  return id && (id->bytes[6] >> 4U) == 4 && (id->bytes[8] >> 6U) == 2;
}

// The multiply-fold construction of wyhash, written down here because its values are stored.
uint64_t stable_hash(std::string_view text, uint64_t seed) {
  constexpr uint64_t kA = 0xA0761D6478BD642FULL;
  constexpr uint64_t kB = 0xE7037ED1A0B428DBULL;
  uint64_t state = seed ^ kA;
  size_t at = 0;
  while (text.size() - at >= 8) {
    uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    state = mix(state ^ word, kB);
    at += 8;
  }
  uint64_t tail = 0;
  if (at < text.size()) std::memcpy(&tail, text.data() + at, text.size() - at);
  return mix(mix(state ^ tail, kB) ^ text.size(), kA);
}

std::string new_object_id(uint32_t unix_seconds, Random& random) {
  return fmt::format("{:08x}{:016x}", unix_seconds, random.next());
}

bool is_object_id(std::string_view text) {
  if (text.size() != 24) return false;
  for (const char c : text) {
    if (kHex.find(c) == std::string_view::npos) return false;
  }
  return true;
}

}  // namespace schedules
