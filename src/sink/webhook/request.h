// What a webhook is sent: the fired message, its headers and its signature. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sink/sink.h"

namespace schedules {

struct WebhookRequest {
  std::string body;                  ///< the fired message
  std::vector<std::string> headers;  ///< "Name: value", one line each
};

/// Headers: the event's id, attempt, due time … as X-Schedules-*, traceparent, then the event's own. Own ones
/// never replace ours nor those that HTTP itself lives by (Host, Content-Length, Connection, …): such are left
/// out. Errors: invalid_argument for a name that is not an HTTP token, or a value with control characters.
Result<WebhookRequest> webhook_request(Delivery delivery);

/// Of a JSON text that is no event.
WebhookRequest plain_request(std::string body);

/// "t=<unix>,v1=<hex HMAC-SHA256 of "<unix>.<body>" under the secret>": the value of X-Schedules-Signature.
std::string webhook_signature(std::string_view secret, TimePoint sent_at, std::string_view body);

}  // namespace schedules
