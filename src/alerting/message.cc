#include "alerting/message.h"

#include <boost/json.hpp>

#include <fmt/format.h>

#include "base/text.h"
#include "time/text.h"

namespace schedules {
namespace {

namespace json = boost::json;

constexpr size_t kMostErrorBytes = 500;
constexpr size_t kMostLines = 10;

std::string time_text(TimePoint time) { return format_time(std::chrono::floor<std::chrono::seconds>(time)); }

json::value optional_time(const std::optional<TimePoint>& time) {
  return time ? json::value(json::string(format_time(*time))) : json::value();
}

std::string error_text(const Alert& alert) {
  const auto line = std::string_view(alert.error).substr(0, alert.error.find('\n'));
  return truncate_utf8(std::string(line), kMostErrorBytes);
}

std::string_view status_of(const Alert& alert) {
  return alert.news == AlertNews::none ? std::string_view("opened") : to_string(alert.news);
}

json::object item_of(const AlertNewsItem& item, std::string_view public_url) {
  const Alert& alert = item.alert;
  const auto link = alert_link(public_url, alert.schedule_id);
  return {{"status", status_of(alert)},
          {"kind", to_string(alert.kind)},
          {"schedule_id", alert.schedule_id},
          {"schedule_name", alert.schedule_name},
          {"since", format_time(alert.since)},
          {"opened_at", format_time(alert.opened_at)},
          {"recovered_at", optional_time(alert.recovered_at)},
          {"reason", alert.reason.empty() ? json::value() : json::value(alert.reason)},
          {"failures", alert.failures},
          {"last_error", alert.error.empty() ? json::value() : json::value(error_text(alert))},
          {"next_execution", optional_time(item.next_execution)},
          {"link", link.empty() ? json::value() : json::value(link)},
          {"text", alert_text(alert)}};
}

}  // namespace

std::string alert_link(std::string_view public_url, std::string_view schedule_id) {
  if (public_url.empty()) return "";
  return fmt::format("{}/#/schedules/{}", public_url, schedule_id);
}

std::string alert_text(const Alert& alert) {
  const auto name = fmt::format("Schedule \"{}\"", alert.schedule_name);
  if (alert.recovered_at) {
    const auto since = fmt::format("{} since {}", to_string(alert.kind), time_text(alert.since));
    if (alert.reason == "success") return fmt::format("{} is well again ({}).", name, since);
    return fmt::format("{} is no longer in alarm: {} ({}).", name, alert.reason, since);
  }
  const auto still = alert.news == AlertNews::reminder ? std::string_view("Still: ") : std::string_view();
  if (alert.kind == AlertKind::silence) {
    return fmt::format("{}{} is silent: it was due at {} and has not succeeded.", still, name, time_text(alert.since));
  }
  const auto error = alert.error.empty() ? std::string(".") : ": " + error_text(alert);
  if (alert.failures <= 1) return fmt::format("{}{} failed at {}{}", still, name, time_text(alert.since), error);
  return fmt::format("{}{} failed {} times in a row since {}{}", still, name, alert.failures, time_text(alert.since),
                     error);
}

std::string alert_message(const std::vector<AlertNewsItem>& items, std::string_view public_url, TimePoint now) {
  json::array alerts;
  std::string text;
  bool firing = false;
  for (const auto& item : items) {
    firing = firing || !item.alert.recovered_at;
    alerts.push_back(item_of(item, public_url));
    if (alerts.size() > kMostLines) continue;
    if (!text.empty()) text += '\n';
    text += alert_text(item.alert);
    if (const auto link = alert_link(public_url, item.alert.schedule_id); !link.empty()) text += ' ' + link;
  }
  if (items.size() > kMostLines) text += fmt::format("\nand {} more", items.size() - kMostLines);
  return json::serialize(json::object{{"status", firing ? "firing" : "resolved"},
                                      {"text", text},
                                      {"sent_at", format_time(now)},
                                      {"alerts", std::move(alerts)}});
}

}  // namespace schedules
