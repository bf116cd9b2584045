#include "sink/webhook/egress.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "model/event.h"

namespace schedules {
namespace {

constexpr std::string_view kField = "target.url";
constexpr size_t kMaxHostChars = 253;

template <class... Args>
tl::unexpected<Error> refuse(fmt::format_string<Args...> text, Args&&... args) {
  return fail_field(Code::invalid_argument, std::string(kField), text, std::forward<Args>(args)...);
}

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

bool all_of(std::string_view text, std::string_view set) {
  return text.find_first_not_of(set) == std::string_view::npos;
}

/// inet_aton and browsers read a host whose last label is a number as an IPv4 address: "127.1", "0x7f.1".
bool ends_in_number(std::string_view host) {
  const auto last = host.substr(host.rfind('.') + 1);
  if (last.empty()) return false;
  if (all_of(last, "0123456789")) return true;
  return last.starts_with("0x") && all_of(last.substr(2), "0123456789abcdef");
}

Status read_name(std::string_view encoded, EgressUrl& out) {
  out.host = to_lower(encoded);
  if (out.host.ends_with('.')) out.host.pop_back();
  if (out.host.empty()) return refuse("a host is missing");
  if (out.host.size() > kMaxHostChars) return refuse("the host is longer than {} characters", kMaxHostChars);
  if (!std::ranges::all_of(out.host, is_name_char) || out.host.find("..") != std::string::npos ||
      out.host.front() == '.' || out.host.front() == '-') {
    return refuse("\"{}\" is not a host name", truncate_utf8(out.host, 100));
  }
  if (ends_in_number(out.host)) {
    return fail_field(Code::egress_forbidden, std::string(kField),
                      "\"{}\" may be read as an IPv4 address; write it as four decimal numbers", out.host);
  }
  return {};
}

/// The host of an authority; `port` gets what follows it.
Status read_host(std::string_view authority, EgressUrl& out, std::string_view& port) {
  const bool bracketed = authority.starts_with('[');
  const size_t end = std::min(bracketed ? authority.find(']') : authority.find(':'), authority.size());
  if (bracketed) {
    if (end == authority.size()) return refuse("a bracket is not closed");
    out.address = parse_address(authority.substr(1, end - 1));
    if (!out.address || !out.address->is_v6) {
      return refuse("\"{}\" is not an IPv6 address", truncate_utf8(authority.substr(0, end + 1), 100));
    }
    port = authority.substr(end + 1);
  } else {
    out.address = parse_address(authority.substr(0, end));
    port = authority.substr(end);
  }
  if (!out.address) return read_name(authority.substr(0, end), out);
  out.host = out.address->text();
  return {};
}

Status read_port(std::string_view text, bool secure, EgressUrl& out) {
  out.port = secure ? 443 : 80;
  if (text.empty() || text == ":") return {};
  const auto digits = text.substr(1);
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), out.port);
  if (text[0] != ':' || read.ec != std::errc{} || read.ptr != digits.data() + digits.size() || out.port == 0) {
    return refuse("the port is a number from 1 to 65535");
  }
  return {};
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/// Path and query hold only what RFC 3986 allows, percent signs in front of two hex digits.
bool is_target(std::string_view text) {
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/?%";
  if (!all_of(text, kAllowed)) return false;
  for (size_t at = text.find('%'); at != std::string_view::npos; at = text.find('%', at + 1)) {
    if (at + 2 >= text.size() || !is_hex(text[at + 1]) || !is_hex(text[at + 2])) return false;
  }
  return true;
}

}  // namespace

// Read by hand and strictly: Boost.URL 1.81 ends the authority of "http://127.0.0.1.nip.io/" after the address, and
// wraps a port of 65536 to 0.
Result<EgressUrl> parse_egress_url(std::string_view url) {
  if (url.size() > kMaxUrlBytes) {
    return fail_field(Code::too_long, std::string(kField), "the URL is longer than {} bytes", kMaxUrlBytes);
  }
  const size_t colon = url.find("://");
  if (colon == std::string_view::npos) return refuse("a URL starts with http:// or https://");
  const auto scheme = to_lower(url.substr(0, colon));
  if (scheme != "http" && scheme != "https") return refuse("only http and https are sent to");
  const auto rest = url.substr(colon + 3);
  const auto authority = rest.substr(0, rest.find_first_of("/?#\\"));
  const auto target = rest.substr(authority.size());
  if (authority.find('@') != std::string_view::npos) return refuse("user name and password do not belong in a URL");
  if (target.find('#') != std::string_view::npos) return refuse("a fragment is never sent; remove it");
  if (!is_target(target)) return refuse("the path has characters that a URL cannot have");

  EgressUrl out;
  std::string_view port;
  if (auto read = read_host(authority, out, port); !read) return fail(std::move(read.error()));
  if (auto read = read_port(port, scheme == "https", out); !read) return fail(std::move(read.error()));
  const bool bracketed = out.address && out.address->is_v6;
  out.origin = fmt::format("{}://{}{}{}:{}", scheme, bracketed ? "[" : "", out.host, bracketed ? "]" : "", out.port);
  out.text = out.origin;
  if (!target.starts_with('/')) out.text += '/';
  out.text += target;
  return out;
}

Result<EgressPolicy> EgressPolicy::parse(std::string_view networks) {
  std::vector<Network> allow;
  while (!networks.empty()) {
    const size_t end = std::min(networks.find_first_of(", \t"), networks.size());
    if (end > 0) {
      auto network = parse_network(networks.substr(0, end));
      if (!network) return fail(std::move(network.error()));
      allow.push_back(*network);
    }
    networks.remove_prefix(std::min(end + 1, networks.size()));
  }
  return EgressPolicy(std::move(allow));
}

Status EgressPolicy::check(const Address& address) const {
  const auto reason = not_public_because(address);
  if (reason.empty()) return {};
  if (std::ranges::any_of(allow_, [&](const Network& one) { return one.contains(address); })) return {};
  return fail_field(Code::egress_forbidden, std::string(kField),
                    "{} is not a public address ({}); schedules_WEBHOOK_ALLOW may list its network", address.text(),
                    reason);
}

Status EgressPolicy::check(std::span<const Address> addresses) const {
  for (const auto& address : addresses) {
    if (auto allowed = check(address); !allowed) return allowed;
  }
  return {};
}

Status check_webhook_url(std::string_view url, const EgressPolicy& policy) {
  const auto parsed = parse_egress_url(url);
  if (!parsed) return fail(parsed.error());
  if (parsed->address) return policy.check(*parsed->address);
  // RFC 6761: these names are loopback everywhere, so there is no need to wait for the look-up.
  if (parsed->host != "localhost" && !parsed->host.ends_with(".localhost")) return {};
  if (policy.check(*parse_address("::1"))) return {};
  return policy.check(*parse_address("127.0.0.1"));
}

}  // namespace schedules
