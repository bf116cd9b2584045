// What webhooks may reach (semantics S16): the one place where a webhook's URL is read, for the check at the door and
// for the request itself, so that no two parsers can disagree. Values; immutable after construction, hence
// thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/webhook/address.h"

namespace schedules {

/// A webhook's URL, taken apart and put together again in one normal spelling.
struct EgressUrl {
  std::string origin;  ///< "https://host:port", the breaker's lane
  std::string text;    ///< what is requested: origin, path and query
  std::string host;    ///< lower case, without brackets or trailing dot
  uint16_t port = 0;
  std::optional<Address> address;  ///< if the host is a literal address
};

/// http or https only; no user info, no fragment, no zone, no percent signs in the host; ASCII (a name in another
/// script is written in its xn-- form); at most kMaxUrlBytes. A host that some programs read as an IPv4 address
/// ("127.1", "0x7f000001", "2130706433") is refused. Errors: invalid_argument, egress_forbidden, too_long; the
/// field is always "target.url".
Result<EgressUrl> parse_egress_url(std::string_view url);

class EgressPolicy {
 public:
  /// Only public addresses.
  EgressPolicy() = default;
  explicit EgressPolicy(std::vector<Network> allow) : allow_(std::move(allow)) {}
  /// From the setting's text: networks separated by commas or spaces, e.g. "127.0.0.0/8, ::1/128".
  static Result<EgressPolicy> parse(std::string_view networks);

  /// Errors: egress_forbidden, naming the address and why.
  [[nodiscard]] Status check(const Address& address) const;
  /// All must pass: an answer that mixes public and inner addresses is an attack or a mistake.
  [[nodiscard]] Status check(std::span<const Address> addresses) const;

 private:
  std::vector<Network> allow_;
};

/// Whether an event may name this URL as its target: its form, and its address where it is a literal or a
/// localhost name. Other names are looked up, and checked again, each time the event is sent. Errors as
/// parse_egress_url.
Status check_webhook_url(std::string_view url, const EgressPolicy& policy);

}  // namespace schedules
