#include "alerting/teller.h"

#include <future>
#include <map>

#include "base/await.h"
#include "base/log.h"

namespace schedules {
namespace {

constexpr size_t kTellPage = 1'000;
constexpr size_t kMostMessages = 32;  ///< at one time; others wait for the next call

void sooner(std::optional<TimePoint>& at, TimePoint other) {
  if (!at || other < *at) at = other;
}

// What one reads in the log and keeps; an address may hold a key.
std::string origin_of(const std::string& url) {
  const size_t scheme = url.find("://");
  return scheme == url.npos ? url : url.substr(0, url.find_first_of("/?", scheme + 3));
}

}  // namespace

struct Teller::Message {
  std::string url;
  std::vector<Alert> alerts;
  std::future<Status> sent;
};

std::chrono::seconds Teller::pause_after(uint32_t attempts) {
  auto pause = kFirstPause;
  for (uint32_t i = 1; i < attempts && pause < kLongestPause; ++i) pause *= 2;
  return std::min(pause, kLongestPause);
}

Result<Teller::Told> Teller::tell() {
  Told told;
  auto due = messages(told);
  if (!due) return fail(std::move(due.error()));
  if (auto sent = send(std::move(*due), told); !sent) return fail(std::move(sent.error()));
  return told;
}

Result<std::vector<Teller::Message>> Teller::messages(Told& told) {
  const TimePoint now = ports_.clock.wall();
  std::map<std::string, std::vector<Alert>> by_url;
  AlertFilter filter{.current = true, .limit = kTellPage};
  do {
    auto page = await<AlertPage>([&](auto done) { ports_.alerts.find_alerts(filter, std::move(done)); });
    if (!page) return fail(page.error());
    for (auto& alert : page->alerts) {
      if (alert.news == AlertNews::none) continue;
      auto& together = by_url[alert.url];
      if (alert.next_try_at > now) {
        sooner(told.next_at, alert.next_try_at);
      } else if (together.size() < kMostTogether) {
        together.push_back(std::move(alert));
      } else {
        sooner(told.next_at, now);
      }
    }
    filter.cursor = page->next_cursor;
  } while (!filter.cursor.empty());
  std::vector<Message> due;
  for (auto& [url, alerts] : by_url) {
    if (alerts.empty()) continue;
    if (due.size() == kMostMessages) {
      sooner(told.next_at, now);
      break;
    }
    auto ours = claim(std::move(alerts), now);
    if (!ours) return fail(std::move(ours.error()));
    if (!ours->empty()) due.push_back({.url = url, .alerts = std::move(*ours), .sent = {}});
  }
  return due;
}

Result<std::vector<Alert>> Teller::claim(std::vector<Alert> alerts, TimePoint now) {
  for (auto& alert : alerts) {
    ++alert.attempts;
    alert.next_try_at = now + options_.claim;
  }
  auto saved = await<std::vector<bool>>([&](auto done) { ports_.alerts.save_alerts(alerts, std::move(done)); });
  if (!saved) return fail(std::move(saved.error()));
  std::vector<Alert> ours;
  for (size_t i = 0; i < alerts.size(); ++i) {
    if (!(*saved)[i]) continue;
    ++alerts[i].version;
    ours.push_back(std::move(alerts[i]));
  }
  return ours;
}

Status Teller::send(std::vector<Message> messages, Told& told) {
  for (auto& message : messages) {
    std::vector<AlertNewsItem> items;
    for (const auto& alert : message.alerts) {
      const auto found =
          await<std::optional<Schedule>>([&](auto done) { ports_.schedules.get(alert.schedule_id, std::move(done)); });
      items.push_back({alert, found && *found ? (*found)->next_execution : std::nullopt});
    }
    auto promise = std::make_shared<std::promise<Status>>();
    message.sent = promise->get_future();
    ports_.sender.send(message.url, alert_message(items, options_.public_url, ports_.clock.wall()),
                       [promise](Result<void> sent) { promise->set_value(std::move(sent)); });
  }
  Status stored;
  for (auto& message : messages) {
    const Status sent = message.sent.get();
    for (auto& alert : message.alerts) note(alert, sent, ports_.clock.wall(), told.next_at);
    const bool again = message.alerts.front().news != AlertNews::none;
    (sent ? told.delivered : again ? told.retried : told.failed) += 1;
    if (!sent) {
      log::warn(again ? "alert.not_delivered" : "alert.given_up",
                {{"to", origin_of(message.url)}, {"error", sent.error().detail}});
    }
    // One that is not stored was changed meanwhile: it has other news by now.
    auto saved = await<std::vector<bool>>(
        [&](auto done) { ports_.alerts.save_alerts(std::move(message.alerts), std::move(done)); });
    if (!saved) stored = fail(std::move(saved.error()));
  }
  return stored;
}

void Teller::note(Alert& alert, const Status& sent, TimePoint now, std::optional<TimePoint>& next_at) const {
  alert.tell_error = sent ? std::string() : sent.error().detail;
  const bool again = !sent && retryable(sent.error().code) && alert.attempts < kMostAttempts;
  if (again) {
    alert.next_try_at = now + pause_after(alert.attempts);
    return sooner(next_at, alert.next_try_at);
  }
  alert.news = AlertNews::none;
  alert.told_at = now;
}

}  // namespace schedules
