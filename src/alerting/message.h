// What the receiver of alerts is sent: one JSON object, whose `text` chat tools show. Pure.
//
//   {"status": "firing", "text": "Schedule \"nightly\" failed: HTTP 500", "sent_at": "…",
//    "alerts": [{"status": "opened", "kind": "failure", "schedule_id": "…", "schedule_name": "nightly", "since": "…",
//                "failures": 1, "last_error": "HTTP 500", "next_execution": "…", "link": "…", "text": "…", …}]}
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/alert.h"

namespace schedules {

struct AlertNewsItem {
  Alert alert;
  std::optional<TimePoint> next_execution;
};

/// The schedule's page, "" where `public_url` is.
std::string alert_link(std::string_view public_url, std::string_view schedule_id);
/// One sentence.
std::string alert_text(const Alert& alert);
/// Of at least one. "firing" where one of them is open, else "resolved".
std::string alert_message(const std::vector<AlertNewsItem>& items, std::string_view public_url, TimePoint now);

}  // namespace schedules
