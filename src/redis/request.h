// One call on its way: what is sent, until when it may take, and what its answers mean. Only for this room's sources.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "redis/errors.h"
#include "redis/link.h"

namespace schedules::redis {

struct Request {
  std::optional<uint16_t> slot;
  std::vector<std::string> commands;  ///< encoded
  size_t to_do = 0;                   ///< how many of them are more than a WAIT at the end
  std::string with_script;  ///< the first command with the script's text instead of its SHA-1; empty: no script
  SteadyPoint deadline;
  unsigned tries = 0;
  Done<std::vector<Reply>> done;

  [[nodiscard]] std::string bytes() const;
  /// Each command after an ASKING, which holds for one command only.
  [[nodiscard]] std::string bytes_asking() const;
};

using RequestPtr = std::shared_ptr<Request>;

RequestPtr request_of(const Batch& batch);
RequestPtr request_of(const Call& call);
/// Leaves out the answers to ASKING.
std::vector<Raw> without_asking(std::vector<Raw> answers);
/// Whether every command was refused for a reason that can be cured: only then may all be sent again.
bool nothing_done(const Request& request, const std::vector<Raw>& answers);
/// The replies, or the first error among them.
Result<std::vector<Reply>> replies_of(std::vector<Raw> answers);
/// What INFO says.
Node node_of(const Address& address, std::string_view info);

}  // namespace schedules::redis
