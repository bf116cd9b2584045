#include "redis/errors.h"

#include <charconv>

namespace schedules::redis {
namespace {

/// "MOVED 3999 127.0.0.1:6381", and host names and IPv6 addresses without brackets.
Address address_in(std::string_view error) {
  const auto space = error.rfind(' ');
  const auto colon = error.rfind(':');
  Address address;
  if (space == std::string_view::npos || colon == std::string_view::npos || colon < space) return address;
  address.host = error.substr(space + 1, colon - space - 1);
  const auto port = error.substr(colon + 1);
  std::from_chars(port.data(), port.data() + port.size(), address.port);
  return address;
}

bool begins(std::string_view error, std::string_view word) {
  return error.starts_with(word) && (error.size() == word.size() || error[word.size()] == ' ');
}

}  // namespace

Meaning meaning_of(std::string_view error) {
  if (begins(error, "MOVED")) return {Remedy::moved, address_in(error)};
  if (begins(error, "ASK")) return {Remedy::ask, address_in(error)};
  if (begins(error, "NOSCRIPT")) return {Remedy::script, {}};
  if (begins(error, "READONLY") || begins(error, "MASTERDOWN")) return {Remedy::lost, {}};
  for (const std::string_view word : {"TRYAGAIN", "CLUSTERDOWN", "LOADING", "BUSY"}) {
    if (begins(error, word)) return {Remedy::again, {}};
  }
  return {};
}

Address place_of(const Meaning& meaning, const Address& asked) {
  return {.host = meaning.where.host.empty() ? asked.host : meaning.where.host, .port = meaning.where.port};
}

Error error_of(const std::string& error) {
  std::string_view text = error;
  if (text.starts_with("ERR ")) text.remove_prefix(4);
  if (begins(text, "STALE_EPOCH")) return Error{.code = Code::stale_epoch, .detail = std::string(text), .field = ""};
  if (begins(text, "CONFLICT")) return Error{.code = Code::conflict, .detail = std::string(text), .field = ""};
  const auto told = [&error](Code code) {
    return Error{.code = code, .detail = fmt::format("Redis: {}", error), .field = ""};
  };
  if (begins(error, "OOM")) return told(Code::disk_full);
  for (const std::string_view word : {"LOADING", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY", "BUSY", "MISCONF",
                                      "NOREPLICAS", "MOVED", "ASK", "NOAUTH", "WRONGPASS", "NOPERM"}) {
    if (begins(error, word)) return told(Code::unavailable);
  }
  return told(Code::io_error);
}

}  // namespace schedules::redis
