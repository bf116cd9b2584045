// Alerts: a schedule that fails, or that has not succeeded when it should have. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "time/clock.h"

namespace schedules {

enum class AlertKind : uint8_t { failure, silence };
/// What the receiver of an alert is still to be told.
enum class AlertNews : uint8_t { none, opened, reminder, recovered };

std::string_view to_string(AlertKind kind);
std::string_view to_string(AlertNews news);
std::optional<AlertKind> parse_alert_kind(std::string_view text);

struct AlertKinds {
  bool failure = false;
  bool silence = false;

  bool operator==(const AlertKinds&) const = default;
};

/// What one schedule says of its alerts; what is absent is as the settings say.
struct AlertPolicy {
  std::optional<std::string> url;                ///< a webhook; empty: nobody is told
  std::optional<AlertKinds> on;                  ///< neither: it is not watched
  std::optional<uint32_t> after_failures;        ///< consecutive failed runs, 1…1000
  std::optional<std::chrono::seconds> grace;     ///< how late a success may be, up to 30 days
  std::optional<std::chrono::seconds> reminder;  ///< told again after so long, up to a year; 0: never

  bool operator==(const AlertPolicy&) const = default;
};

/// An alert of one schedule, open until recovered_at is set. There is one of a kind for a schedule: the next one takes
/// its place.
struct Alert {
  std::string schedule_id;
  std::string schedule_name;
  AlertKind kind = AlertKind::failure;
  TimePoint since;  ///< end of the first of the failed runs; due time of the run that did not come
  TimePoint opened_at;
  std::optional<TimePoint> recovered_at;
  std::string reason;     ///< why it is over: success, edited, paused, disabled, completed, deleted, not_watched
  std::string error;      ///< of the last failed run
  uint64_t failures = 0;  ///< consecutive failed runs

  // Telling its receiver.
  std::string url;  ///< empty: nobody is told
  AlertNews news = AlertNews::none;
  uint32_t attempts = 0;  ///< so far, at these news
  TimePoint next_try_at;
  std::optional<TimePoint> told_at;  ///< last delivered, or given up
  std::string tell_error;            ///< of the last attempt; empty: it was taken

  uint64_t version = 0;  ///< grows with each save; 0: not stored yet
};

}  // namespace schedules
