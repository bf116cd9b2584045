#include "sink/webhook/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <vector>

namespace schedules {
namespace {

struct Special {
  std::string_view network;
  std::string_view reason;
};

// IANA's special-purpose registries, and addresses that clouds use for their metadata.
constexpr std::array kSpecial{
    Special{"0.0.0.0/8", "unspecified"},
    Special{"10.0.0.0/8", "private"},
    Special{"100.64.0.0/10", "carrier-grade NAT"},
    Special{"127.0.0.0/8", "loopback"},
    Special{"168.63.129.16/32", "cloud metadata"},
    Special{"169.254.0.0/16", "link-local"},
    Special{"172.16.0.0/12", "private"},
    Special{"192.0.0.0/24", "reserved"},
    Special{"192.0.2.0/24", "documentation"},
    Special{"192.88.99.0/24", "6to4 relay"},
    Special{"192.168.0.0/16", "private"},
    Special{"198.18.0.0/15", "benchmark"},
    Special{"198.51.100.0/24", "documentation"},
    Special{"203.0.113.0/24", "documentation"},
    Special{"224.0.0.0/4", "multicast"},
    Special{"240.0.0.0/4", "reserved"},
    Special{"::/128", "unspecified"},
    Special{"::1/128", "loopback"},
    Special{"::ffff:0.0.0.0/96", "IPv4-mapped"},
    Special{"::/96", "IPv4-compatible"},
    Special{"64:ff9b::/96", "NAT64"},
    Special{"64:ff9b:1::/48", "NAT64"},
    Special{"100::/64", "discard"},
    Special{"2001::/32", "Teredo"},
    Special{"2001:2::/48", "benchmark"},
    Special{"2001::/23", "reserved"},
    Special{"2001:db8::/32", "documentation"},
    Special{"2002::/16", "6to4"},
    Special{"3ffe::/16", "reserved"},
    Special{"3fff::/20", "documentation"},
    Special{"fc00::/7", "unique local"},
    Special{"fe80::/10", "link-local"},
    Special{"fec0::/10", "site-local"},
    Special{"ff00::/8", "multicast"},
};

struct Rule {
  Network network;
  std::string_view reason;
};

const std::vector<Rule>& rules() {
  static const auto made = [] {
    std::vector<Rule> out;
    for (const auto& special : kSpecial) {
      out.push_back({parse_network(special.network).value(), special.reason});
    }
    return out;
  }();
  return made;
}

/// An interface id of 0000:5efe:a.b.c.d or 0200:5efe:a.b.c.d tunnels to the IPv4 address in it.
bool is_isatap(const Address& address) {
  const auto& b = address.bytes;
  return (b[8] & 0xFDU) == 0 && b[9] == 0 && b[10] == 0x5E && b[11] == 0xFE;
}

size_t width_of(const Address& address) { return address.is_v6 ? 16 : 4; }

}  // namespace

std::string Address::text() const {
  std::array<char, INET6_ADDRSTRLEN> out{};
  inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), out.data(), out.size());
  return out.data();
}

std::optional<Address> parse_address(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
  const std::string terminated(text);
  Address out;
  out.is_v6 = text.find(':') != std::string_view::npos;
  if (inet_pton(out.is_v6 ? AF_INET6 : AF_INET, terminated.c_str(), out.bytes.data()) != 1) {
    return std::nullopt;
  }
  return out;
}

bool Network::contains(const Address& address) const {
  if (address.is_v6 != base.is_v6) return false;
  const size_t whole = bits / 8;
  if (!std::equal(base.bytes.begin(), base.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin())) {
    return false;
  }
  const unsigned rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xFFU << (8 - rest));
  return (base.bytes[whole] & mask) == (address.bytes[whole] & mask);
}

Result<Network> parse_network(std::string_view text) {
  const size_t slash = text.find('/');
  const auto base = parse_address(text.substr(0, slash));
  if (!base) return fail(Code::invalid_argument, "\"{}\" is not an address or a network", text);
  const auto width = static_cast<unsigned>(width_of(*base) * 8);
  Network out{*base, width};
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out.bits);
    if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || out.bits > width) {
      return fail(Code::invalid_argument, "\"{}\": the prefix length is a number from 0 to {}", text, width);
    }
  }
  Address masked = *base;
  for (size_t i = 0; i < width_of(*base); ++i) {
    const unsigned kept = std::clamp(static_cast<int>(out.bits) - static_cast<int>(i * 8), 0, 8);
    masked.bytes[i] &= static_cast<uint8_t>(0xFF00U >> kept);
  }
  if (masked != *base) {
    return fail(Code::invalid_argument, "\"{}\" has bits beyond its prefix; {}/{} was meant?", text, masked.text(),
                out.bits);
  }
  return out;
}

std::string_view not_public_because(const Address& address) {
  for (const auto& rule : rules()) {
    if (rule.network.contains(address)) return rule.reason;
  }
  if (!address.is_v6) return {};
  if (is_isatap(address)) return "ISATAP";
  const bool global_unicast = (address.bytes[0] & 0xE0U) == 0x20U;
  return global_unicast ? std::string_view{} : "reserved";
}

}  // namespace schedules
