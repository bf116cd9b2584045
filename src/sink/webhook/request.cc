#include "sink/webhook/request.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "model/envelope.h"

namespace schedules {
namespace {

struct Spelling {
  std::string_view name;  ///< as fired_headers has it
  std::string_view wire;
};

constexpr std::array kSpellings{
    Spelling{"action", "X-Schedules-Action"},
    Spelling{"attempt", "X-Schedules-Attempt"},
    Spelling{"content-type", "Content-Type"},
    Spelling{"correlation_id", "X-Schedules-Correlation-Id"},
    Spelling{"due_time", "X-Schedules-Due-Time"},
    Spelling{"entity_type", "X-Schedules-Entity-Type"},
    Spelling{"event_id", "X-Schedules-Event-Id"},
    Spelling{"fired_time", "X-Schedules-Fired-Time"},
    Spelling{"original_correlation_id", "X-Schedules-Original-Correlation-Id"},
    Spelling{"schedule_id", "X-Schedules-Schedule-Id"},
    Spelling{"scheduled_at", "X-Schedules-Scheduled-At"},
};

// Headers which frame the message or steer the connection: they are the client's to write.
constexpr std::array<std::string_view, 14> kClients{"connection",
                                                    "content-length",
                                                    "content-encoding",
                                                    "content-type",
                                                    "expect",
                                                    "host",
                                                    "http2-settings",
                                                    "keep-alive",
                                                    "te",
                                                    "trailer",
                                                    "transfer-encoding",
                                                    "upgrade",
                                                    "user-agent",
                                                    "via"};

std::string_view wire_name(std::string_view name) {
  const auto found = std::ranges::find(kSpellings, name, &Spelling::name);
  return found == kSpellings.end() ? name : found->wire;
}

bool is_ours(std::string_view lower, const Event& event) {
  if (lower.starts_with("x-schedules-") || lower.starts_with("proxy-")) return true;
  if (lower == "traceparent") return !event.traceparent.empty();
  if (std::ranges::find(kClients, lower) != kClients.end()) return true;
  return std::ranges::find(kSpellings, lower, &Spelling::name) != kSpellings.end();
}

bool is_token(std::string_view name) {
  constexpr std::string_view kAllowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !name.empty() && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

/// libcurl reads "Name:" as "remove this header", and "Name;" as one without a value.
Status append(std::vector<std::string>& out, std::string_view name, std::string_view value) {
  if (!is_token(name)) {
    return fail(Code::invalid_argument, "header \"{}\": the name is not an HTTP token",
                truncate_utf8(std::string(name), 100));
  }
  if (!is_printable(value)) {
    return fail(Code::invalid_argument, "header \"{}\": the value has control characters", name);
  }
  const bool blank = value.find_first_not_of(' ') == std::string_view::npos;
  out.push_back(blank ? fmt::format("{};", name) : fmt::format("{}: {}", name, value));
  return {};
}

}  // namespace

Result<WebhookRequest> webhook_request(Delivery delivery) {
  const Headers own = std::exchange(delivery.event.headers, {});
  const Event& event = delivery.event;
  const Headers ours = fired_headers(event, delivery.fired_at);
  WebhookRequest out;
  out.headers.reserve(ours.size() + own.size() + 2);
  if (auto added = append(out.headers, "X-Schedules-Topic", event.topic); !added) return fail(added.error());
  for (const auto& [name, value] : ours) {
    if (auto added = append(out.headers, wire_name(name), value); !added) return fail(added.error());
  }
  for (const auto& [name, value] : own) {
    if (is_ours(to_lower(name), event)) continue;
    if (auto added = append(out.headers, name, value); !added) return fail(added.error());
  }
  out.body = fired_message(event, delivery.fired_at, delivery.correlation);
  return out;
}

WebhookRequest plain_request(std::string body) {
  return {.body = std::move(body), .headers = {"Content-Type: application/json"}};
}

std::string webhook_signature(std::string_view secret, TimePoint sent_at, std::string_view body) {
  const auto unix_seconds = std::chrono::floor<std::chrono::seconds>(sent_at).time_since_epoch().count();
  auto signed_text = fmt::format("{}.", unix_seconds);
  signed_text += body;
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(signed_text.data()), signed_text.size(), mac.data(), &size);
  auto out = fmt::format("t={},v1=", unix_seconds);
  for (unsigned i = 0; i < size; ++i) fmt::format_to(std::back_inserter(out), "{:02x}", mac[i]);
  return out;
}

}  // namespace schedules
