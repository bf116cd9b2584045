#include "mongo/url.h"

#include <mongoc/mongoc.h>

#include <memory>

#include "base/text.h"
#include "mongo/driver.h"

namespace schedules::mongo {
namespace {

// What stands between :// and the last @ before the path is user and password.
std::string without_secrets(std::string message, std::string_view text) {
  const auto start = text.find("://");
  const auto at = text.rfind('@');
  if (start == text.npos || at == text.npos || at < start) return message;
  const auto secret = text.substr(start + 3, at - start - 3);
  const auto colon = secret.find(':');
  for (const auto part : {secret, colon == secret.npos ? std::string_view() : secret.substr(colon + 1)}) {
    if (part.empty()) continue;
    for (auto found = message.find(part); found != message.npos; found = message.find(part)) {
      message.replace(found, part.size(), "…");
    }
  }
  return message;
}

std::string hosts_of(const mongoc_uri_t* uri) {
  std::string hosts;
  for (const auto* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
    if (!hosts.empty()) hosts += ',';
    hosts += host->host_and_port;
  }
  return hosts;
}

}  // namespace

Result<Url> parse_url(std::string_view text) {
  start_driver();
  const std::string given(text);
  bson_error_t error{};
  if (text.find('\0') != text.npos || !is_valid_utf8(text)) {
    return fail(Code::invalid_argument, "the MongoDB address is not UTF-8 text");
  }
  const std::unique_ptr<mongoc_uri_t, DestroyUri> uri(mongoc_uri_new_with_error(given.c_str(), &error));
  if (!uri) {
    return fail(Code::invalid_argument, "the MongoDB address cannot be read: {}",
                without_secrets(static_cast<const char*>(error.message), text));
  }
  Url url;
  url.given = given;
  if (const char* database = mongoc_uri_get_database(uri.get()); database != nullptr && *database != '\0') {
    url.database = database;
  }
  url.by_dns = text.starts_with("mongodb+srv://");
  url.has_concern =
      mongoc_uri_has_option(uri.get(), MONGOC_URI_W) || mongoc_uri_has_option(uri.get(), MONGOC_URI_JOURNAL);
  const char* service = url.by_dns ? mongoc_uri_get_srv_hostname(uri.get()) : nullptr;
  url.shown = fmt::format("{}://{}/{}", url.by_dns ? "mongodb+srv" : "mongodb",
                          service != nullptr ? std::string(service) : hosts_of(uri.get()), url.database);
  return url;
}

}  // namespace schedules::mongo
