// What a request's body says it is.
#pragma once

#include "api/http/message.h"

namespace schedules::api {

enum class MediaType : uint8_t { json, ndjson, merge_patch, other };

/// Without a Content-Type it is taken for JSON. Parameters such as charset are ignored, but a charset must be UTF-8.
MediaType media_type_of(const http::Request& request);

}  // namespace schedules::api
