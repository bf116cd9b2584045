// Where a Redis is, as schedules_REDIS_URL says it. Plain value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules::redis {

enum class Topology : uint8_t { standalone, sentinel, cluster };

struct Address {
  std::string host;  ///< without brackets
  uint16_t port = 6379;

  auto operator<=>(const Address&) const = default;
};

struct Url {
  Topology topology = Topology::standalone;
  bool tls = false;
  std::vector<Address> addresses;  ///< of the server, of Sentinels, or of some nodes of the Cluster; at least one
  std::string user;
  std::string password;
  std::string sentinel_password;  ///< ?sentinel_password=…
  uint32_t database = 0;          ///< a Cluster has only 0
  std::string master_name;        ///< Sentinel only

  /// For logs and messages: without passwords.
  [[nodiscard]] std::string text() const;
};

/// redis://, rediss:// (TLS), redis-sentinel://[user:password@]h:p,h:p/db#master-name, redis-cluster://[…@]h:p,h:p;
/// ?tls=true for the last two. Parts may be percent-encoded. Errors: invalid_argument, which never shows a password.
Result<Url> parse_url(std::string_view text);

}  // namespace schedules::redis
