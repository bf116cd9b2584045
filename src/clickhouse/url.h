// Where a ClickHouse server is, as schedules_CLICKHOUSE_URL says it. Plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace schedules::clickhouse {

struct Url {
  bool tls = false;
  std::string host;  ///< without brackets
  uint16_t port = 8123;
  std::string user = "default";
  std::string password;
  std::string database = "default";
  std::vector<std::pair<std::string, std::string>> settings;  ///< sent with every query, e.g. insert_quorum

  /// "http://host:port", for requests.
  [[nodiscard]] std::string origin() const;
  /// For logs and messages: without the password.
  [[nodiscard]] std::string text() const;
  /// localhost, 127.0.0.0/8 or ::1: the network costs nothing there.
  [[nodiscard]] bool is_loopback() const;
};

/// http://, https:// or clickhouse://[user[:password]@]host[:port][/database][?setting=value&…]. clickhouse:// is spoken
/// as HTTP too; `secure=true` in its query makes it HTTPS. Ports: 8123, with TLS 8443. Parts may be percent-encoded.
/// Errors: invalid_argument, which never shows the password.
Result<Url> parse_url(std::string_view text);

}  // namespace schedules::clickhouse
