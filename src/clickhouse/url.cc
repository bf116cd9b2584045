#include "clickhouse/url.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.h"

namespace schedules::clickhouse {
namespace {

constexpr uint16_t kPort = 8123;
constexpr uint16_t kTlsPort = 8443;

tl::unexpected<Error> refused(std::string_view why) {
  return fail(Code::invalid_argument,
              "the ClickHouse URL {}; it is [http|https|clickhouse]://user:password@host:port/"
              "database?setting=value",
              why);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

bool is_name(std::string_view text) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
  return !text.empty() && text.find_first_not_of(kAllowed) == std::string_view::npos;
}

Status read_scheme(std::string_view& text, Url& url) {
  const auto end = text.find("://");
  if (end == std::string_view::npos) return refused("has no scheme");
  const auto scheme = to_lower(text.substr(0, end));
  if (scheme != "http" && scheme != "https" && scheme != "clickhouse") {
    return refused("has the unknown scheme " + scheme);
  }
  url.tls = scheme == "https";
  text.remove_prefix(end + 3);
  return {};
}

Status read_user(std::string_view text, Url& url) {
  const auto colon = text.find(':');
  const auto user = decoded(text.substr(0, colon));
  const auto password = colon == std::string_view::npos ? std::string() : decoded(text.substr(colon + 1));
  if (!user || !password) return refused("has a wrong percent sign in its user or password");
  // They become header lines.
  if (!is_printable(*user) || !is_printable(*password)) return refused("has control characters in user or password");
  if (!user->empty()) url.user = *user;
  url.password = *password;
  return {};
}

Status read_host(std::string_view text, Url& url, bool& has_port) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return refused("has an address without its closing bracket");
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && !port.starts_with(':')) return refused("has something between address and port");
  } else if (const auto colon = text.find(':'); colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
  }
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:";
  if (host.empty()) return refused("has no host");
  if (host.find_first_not_of(kAllowed) != std::string_view::npos) return refused("has a host that cannot be one");
  url.host = to_lower(host);
  has_port = port.size() > 1;
  if (!has_port) return {};
  port.remove_prefix(1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), url.port);
  if (error != std::errc{} || end != port.data() + port.size() || url.port == 0) {
    return refused("has a port that is not 1 to 65535");
  }
  return {};
}

Status read_settings(std::string_view text, Url& url) {
  while (!text.empty()) {
    const auto one = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), one.size() + 1));
    if (one.empty()) continue;
    const auto equals = one.find('=');
    const auto name = one.substr(0, equals);
    const auto value = equals == std::string_view::npos ? std::string() : decoded(one.substr(equals + 1));
    if (!is_name(name)) return refused("has a setting without a name");
    if (!value) return refused(fmt::format("has a wrong percent sign in {}", name));
    if (name == "secure") {
      url.tls = *value == "true" || *value == "1";
    } else {
      url.settings.emplace_back(name, *value);
    }
  }
  return {};
}

}  // namespace

std::string Url::origin() const {
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", v6 ? "[" : "", host, v6 ? "]" : "", port);
}

std::string Url::text() const {
  const auto at = origin();
  const auto slashes = at.find("://") + 3;
  const std::string who = user == "default" && password.empty() ? "" : user + (password.empty() ? "@" : ":***@");
  return at.substr(0, slashes) + who + at.substr(slashes) + "/" + database;
}

bool Url::is_loopback() const {
  if (host == "localhost" || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos;
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (!is_valid_utf8(text)) return refused("is not UTF-8");
  if (text.find('#') != std::string_view::npos) return refused("has a fragment");
  if (auto read = read_scheme(text, url); !read) return fail(read.error());
  const auto authority = text.substr(0, text.find_first_of("/?"));
  auto rest = text.substr(authority.size());
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) {
    if (auto read = read_user(authority.substr(0, at), url); !read) return fail(read.error());
  }
  bool has_port = false;
  const auto host = at == std::string_view::npos ? authority : authority.substr(at + 1);
  if (auto read = read_host(host, url, has_port); !read) return fail(read.error());
  const auto query = rest.find('?');
  auto path = rest.substr(0, query);
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.ends_with('/')) path.remove_suffix(1);
  if (!path.empty()) {
    const auto database = decoded(path);
    // It stands in statements that make it, where a parameter cannot.
    if (!database || !is_name(*database)) return refused("has a database that is not letters, digits and underscores");
    url.database = *database;
  }
  if (query != std::string_view::npos) {
    if (auto read = read_settings(rest.substr(query + 1), url); !read) return fail(read.error());
  }
  if (!has_port) url.port = url.tls ? kTlsPort : kPort;
  return url;
}

}  // namespace schedules::clickhouse
