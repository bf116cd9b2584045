#include "api/media_type.h"

#include "base/text.h"

namespace schedules::api {

MediaType media_type_of(const http::Request& request) {
  const std::string text = to_lower(request.header("Content-Type"));
  if (text.empty()) return MediaType::json;
  std::string_view type = std::string_view(text).substr(0, text.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (const size_t at = text.find("charset="); at != std::string::npos) {
    std::string_view charset = std::string_view(text).substr(at + 8);
    if (charset.starts_with('"')) charset.remove_prefix(1);
    if (!charset.starts_with("utf-8") && !charset.starts_with("us-ascii")) return MediaType::other;
  }
  if (type == "application/json") return MediaType::json;
  if (type == "application/x-ndjson" || type == "application/ndjson") return MediaType::ndjson;
  if (type == "application/merge-patch+json") return MediaType::merge_patch;
  return MediaType::other;
}

}  // namespace schedules::api
