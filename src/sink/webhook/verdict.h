// What a webhook's answer means (semantics S11). Pure functions.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "sink/sink.h"

namespace schedules {

inline constexpr size_t kMaxExcerptBytes = 512;             ///< kept of a response body as error text
inline constexpr std::chrono::hours kLongestRetryAfter{1};  ///< what a receiver may ask for

struct WebhookAnswer {
  long status = 0;
  std::string excerpt;      ///< start of the body
  std::string retry_after;  ///< the header's value; empty: none
};

/// 2xx delivered; 408, 409, 425, 429 and 5xx retry; everything else rejected, redirects too. A rejection does not
/// count against the target: it did answer. Position: "HTTP 200".
DeliveryReport report_of(const WebhookAnswer& answer, TimePoint now);

/// Seconds or an HTTP date; a date in the past is 0; capped at kLongestRetryAfter. nullopt: cannot be read.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, TimePoint now);

/// One line of readable UTF-8, at most kMaxExcerptBytes: control characters become spaces, other bytes '?'.
std::string readable_excerpt(std::string_view body);

}  // namespace schedules
