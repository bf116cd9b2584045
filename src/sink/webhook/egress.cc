#include "sink/webhook/egress.h"

#include <algorithm>
#include <boost/url.hpp>

#include "base/text.h"
#include "model/event.h"

namespace schedules {
namespace {

namespace urls = boost::urls;

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

Status read_host(const urls::url_view& url, EgressUrl& out) {
  const std::string encoded(url.encoded_host());
  switch (url.host_type()) {
    case urls::host_type::ipv4:
      out.host = encoded;
      out.address = parse_address(encoded);
      break;
    case urls::host_type::ipv6:
      out.host = url.host_ipv6_address().to_string();
      out.address = parse_address(out.host);
      if (out.address) out.host = out.address->text();
      break;
    case urls::host_type::name:
      return read_name(encoded, out);
    case urls::host_type::none:
    case urls::host_type::ipvfuture:
      return refuse("the host is neither a name nor an address");
  }
  if (!out.address) return refuse("\"{}\" is not an address", encoded);
  return {};
}

Result<uint16_t> read_port(const urls::url_view& url, bool secure) {
  if (!url.has_port() || url.port().empty()) return static_cast<uint16_t>(secure ? 443 : 80);
  if (url.port_number() == 0) return refuse("the port is a number from 1 to 65535");
  return url.port_number();
}

}  // namespace

Result<EgressUrl> parse_egress_url(std::string_view url) {
  if (url.size() > kMaxUrlBytes) {
    return fail_field(Code::too_long, std::string(kField), "the URL is longer than {} bytes", kMaxUrlBytes);
  }
  const auto parsed = urls::parse_uri(urls::string_view(url.data(), url.size()));
  if (!parsed) return refuse("this is not a URL as RFC 3986 has it");
  const bool secure = parsed->scheme_id() == urls::scheme::https;
  if (!secure && parsed->scheme_id() != urls::scheme::http) return refuse("only http and https are sent to");
  if (!parsed->has_authority()) return refuse("a host is missing");
  if (parsed->has_userinfo()) return refuse("user name and password do not belong in a URL");
  if (parsed->has_fragment()) return refuse("a fragment is never sent; remove it");

  EgressUrl out;
  if (auto host = read_host(*parsed, out); !host) return fail(std::move(host.error()));
  const auto port = read_port(*parsed, secure);
  if (!port) return fail(port.error());
  out.port = *port;
  const bool bracketed = out.address && out.address->is_v6;
  out.origin = fmt::format("{}://{}{}{}:{}", secure ? "https" : "http", bracketed ? "[" : "", out.host,
                           bracketed ? "]" : "", out.port);
  const std::string target(parsed->encoded_target());
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
                    "{} is not a public address ({}); schedules_WEBHOOK_ALLOW may list its network",
                    address.text(), reason);
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
