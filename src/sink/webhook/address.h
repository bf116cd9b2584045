// IP addresses and networks, and which addresses may be a public server. Plain values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace schedules {

struct Address {
  std::array<uint8_t, 16> bytes{};  ///< network order; IPv4 uses the first four
  bool is_v6 = false;

  auto operator<=>(const Address&) const = default;
  /// "10.0.0.1" or "2001:db8::1"; IPv6 without brackets.
  [[nodiscard]] std::string text() const;
};

/// Canonical spellings only: four decimal numbers without leading zeros, or RFC 4291 text. No zone, no brackets.
std::optional<Address> parse_address(std::string_view text);

struct Network {
  Address base;
  unsigned bits = 0;

  /// Families never mix: an IPv4 network does not hold an IPv4-mapped IPv6 address.
  [[nodiscard]] bool contains(const Address& address) const;
};

/// "10.0.0.0/8", "::1/128", or a lone address. Bits beyond the prefix must be zero. Errors: invalid_argument.
Result<Network> parse_network(std::string_view text);

/// Why no public server can be at this address ("loopback", "private", …); empty for a public one. Every IPv6
/// form that embeds an IPv4 address (mapped, compatible, NAT64, 6to4, Teredo, ISATAP) counts as not public,
/// since the embedded one may be anything.
std::string_view not_public_because(const Address& address);

}  // namespace schedules
