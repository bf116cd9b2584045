#include "redis/url.h"

#include <algorithm>
#include <charconv>

namespace schedules::redis {
namespace {

constexpr size_t kMostAddresses = 100;
constexpr uint16_t kSentinelPort = 26'379;

tl::unexpected<Error> wrong(std::string_view what) {
  return fail(Code::invalid_argument, "the Redis address {}", what);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Result<std::string> decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
    if (high < 0 || low < 0) return wrong("has a % that two hex digits do not follow");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

/// "host", "host:port", "[::1]:port".
Result<Address> read_address(std::string_view text, uint16_t default_port) {
  Address address{.host = "", .port = default_port};
  std::string_view port;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return wrong("has a [ without ]");
    address.host = text.substr(1, close - 1);
    if (text.size() > close + 1 && text[close + 1] != ':') return wrong("has something other than a port after ]");
    if (text.size() > close + 1) port = text.substr(close + 2);
    if (text.size() == close + 2) return wrong("has an empty port");
  } else {
    const auto colon = text.rfind(':');
    if (colon != std::string_view::npos && text.find(':') != colon) return wrong("has an IPv6 host without brackets");
    address.host = text.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = text.substr(colon + 1);
      if (port.empty()) return wrong("has an empty port");
    }
  }
  if (address.host.empty()) return wrong("names no host");
  const bool odd = std::ranges::any_of(address.host, [](unsigned char c) { return c <= ' ' || c == 127 || c == '@'; });
  if (odd) return wrong("has a host that cannot be one");
  if (!port.empty() && (!read_number(port, address.port) || address.port == 0)) return wrong("has a port that is none");
  return address;
}

Status read_addresses(std::string_view text, Url& url) {
  const uint16_t port = url.topology == Topology::sentinel ? kSentinelPort : Address{}.port;
  while (true) {
    const auto comma = text.find(',');
    auto address = read_address(text.substr(0, comma), port);
    if (!address) return fail(address.error());
    url.addresses.push_back(std::move(*address));
    if (url.addresses.size() > kMostAddresses) return wrong("names too many hosts");
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
  }
  if (url.topology == Topology::standalone && url.addresses.size() > 1) {
    return wrong("names several hosts; redis-sentinel:// and redis-cluster:// may");
  }
  return {};
}

Status read_login(std::string_view text, Url& url) {
  const auto colon = text.find(':');
  auto user = decoded(text.substr(0, colon));
  if (!user) return fail(user.error());
  if (colon == std::string_view::npos) {
    url.user = std::move(*user);
    return url.user.empty() ? Status{} : wrong("names a user without a password");
  }
  auto password = decoded(text.substr(colon + 1));
  if (!password) return fail(password.error());
  if (password->empty()) return wrong("has an empty password");
  url.user = std::move(*user);
  url.password = std::move(*password);
  return {};
}

Status read_query(std::string_view text, Url& url) {
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto part = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const auto equals = part.find('=');
    const auto name = part.substr(0, equals);
    auto value = decoded(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (!value) return fail(value.error());
    if (name == "tls") {
      if (*value != "true" && *value != "false") return wrong("has a tls= that is neither true nor false");
      url.tls = url.tls || *value == "true";
    } else if (name == "sentinel_password" && url.topology == Topology::sentinel) {
      url.sentinel_password = std::move(*value);
    } else {
      // Which one is not said: it may be the rest of a password in which ? was not encoded.
      return wrong(url.topology == Topology::sentinel ? "has an option that is neither tls nor sentinel_password"
                                                      : "has an option that is not tls");
    }
  }
  return {};
}

Status read_database(std::string_view text, Url& url) {
  if (text.empty()) return {};
  if (!read_number(text, url.database) || url.database > 10'000) return wrong("has a database that is no number");
  if (url.topology == Topology::cluster && url.database != 0)
    return wrong("names a database, but a Cluster has only 0");
  return {};
}

Status read_scheme(std::string_view scheme, Url& url) {
  if (scheme == "redis") return {};
  if (scheme == "rediss") {
    url.tls = true;
  } else if (scheme == "redis-sentinel") {
    url.topology = Topology::sentinel;
  } else if (scheme == "redis-cluster") {
    url.topology = Topology::cluster;
  } else {
    return wrong("must begin with redis://, rediss://, redis-sentinel:// or redis-cluster://");
  }
  return {};
}

/// The text up to `mark` goes out of `text` by its end: "a#b" with '#' answers "b" and leaves "a".
std::string_view cut_tail(std::string_view& text, char mark) {
  const auto at = text.find(mark);
  if (at == std::string_view::npos) return {};
  const auto tail = text.substr(at + 1);
  text = text.substr(0, at);
  return tail;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  Url url;
  const auto scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) return wrong("has no scheme such as redis://");
  if (auto read = read_scheme(text.substr(0, scheme_end), url); !read) return fail(read.error());
  auto rest = text.substr(scheme_end + 3);
  auto fragment = decoded(cut_tail(rest, '#'));
  if (!fragment) return fail(fragment.error());
  // "?…" may stand before or after the master's name.
  std::string after_name;
  if (const auto mark = fragment->find('?'); mark != std::string::npos) {
    after_name = fragment->substr(mark + 1);
    fragment->resize(mark);
  }
  const auto query = cut_tail(rest, '?');
  const auto database = cut_tail(rest, '/');
  const auto login_end = rest.rfind('@');
  if (login_end != std::string_view::npos) {
    if (auto read = read_login(rest.substr(0, login_end), url); !read) return fail(read.error());
    rest.remove_prefix(login_end + 1);
  }
  for (const Status& read :
       {read_addresses(rest, url), read_query(query, url), read_query(after_name, url), read_database(database, url)}) {
    if (!read) return fail(read.error());
  }
  url.master_name = std::move(*fragment);
  // As Sentinel allows them; anything else may be a part of a password in which # was not encoded.
  const bool odd = std::ranges::any_of(url.master_name, [](char c) {
    return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
             c == '_');
  });
  if (odd) return wrong("has a master's name that cannot be one");
  if (url.topology == Topology::sentinel && url.master_name.empty()) {
    return wrong("names no master: redis-sentinel://host:port,…/0#master-name");
  }
  if (url.topology != Topology::sentinel && !url.master_name.empty()) return wrong("has a # that only Sentinel needs");
  return url;
}

std::string Url::text() const {
  std::string out = topology == Topology::standalone ? (tls ? "rediss://" : "redis://")
                    : topology == Topology::sentinel ? "redis-sentinel://"
                                                     : "redis-cluster://";
  if (!user.empty()) out += user + "@";
  for (size_t i = 0; i < addresses.size(); ++i) {
    const auto& address = addresses[i];
    const bool v6 = address.host.find(':') != std::string::npos;
    out += fmt::format("{}{}{}{}:{}", i == 0 ? "" : ",", v6 ? "[" : "", address.host, v6 ? "]" : "", address.port);
  }
  if (topology != Topology::cluster) out += fmt::format("/{}", database);
  if (!master_name.empty()) out += "#" + master_name;
  return out;
}

}  // namespace schedules::redis
