#include "app/alerting.h"

#include "base/log.h"

namespace schedules {
namespace {

/// Where there are so many schedules that a look takes long, the next one waits this many times as long.
constexpr int kRest = 19;
constexpr std::chrono::seconds kBeyondTimeout{20};

class WebhookSender final : public AlertSender {
 public:
  explicit WebhookSender(Sinks& sinks) : sinks_(sinks) {}

  void send(std::string url, std::string body, Done<void> done) override {
    sinks_.webhook().post(std::move(url), std::move(body), [done = std::move(done)](DeliveryReport report) mutable {
      if (report.verdict == Verdict::delivered) return done({});
      const bool again = report.verdict == Verdict::retry;
      done(fail(again ? Code::publish_failed : Code::bad_request, "{}", report.error));
    });
  }

 private:
  Sinks& sinks_;
};

std::string without_slash(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url;
}

}  // namespace

Alerting::Alerting(Parts parts, const Settings& settings)
    : parts_(parts),
      sender_(std::make_unique<WebhookSender>(parts.sinks)),
      watch_(
          {.alerts = parts.alerts, .executions = parts.executions, .schedules = parts.schedules, .clock = parts.clock},
          settings.cron_seconds_field == SecondsField::last),
      teller_({.alerts = parts.alerts, .schedules = parts.schedules, .sender = *sender_, .clock = parts.clock},
              {.public_url = without_slash(settings.public_url),
               .claim = std::chrono::seconds(settings.webhook_timeout_seconds) + kBeyondTimeout}),
      work_(thread_executor("alerting")) {
  configure(settings);
}

Alerting::~Alerting() {
  stop();
  work_.reset();
}

void Alerting::configure(const Settings& settings) {
  interval_ = settings.alert_interval_seconds;
  const std::scoped_lock lock(mutex_);
  rule_ = {.url = settings.alert_url,
           .on = {.failure = settings.alert_on_failure, .silence = settings.alert_on_silence},
           .after_failures = static_cast<uint32_t>(settings.alert_after_failures),
           .grace = std::chrono::seconds(settings.alert_grace_seconds),
           .reminder = std::chrono::seconds(settings.alert_reminder_seconds)};
}

void Alerting::stop() {
  stopping_ = true;
  watch_.stop();
}

void Alerting::tick() {
  if (stopping_ || busy_.exchange(true)) return;
  work_->post([this] {
    round();
    busy_ = false;
  });
}

void Alerting::round() {
  if (!parts_.coordinator.leads()) {
    watch_.forget();
    tell_at_.reset();
    look_at_ = {};
    for (const auto kind : {AlertKind::failure, AlertKind::silence})
      parts_.metrics.alerts_open.at({to_string(kind)}).set(0);
    return;
  }
  const auto started = parts_.clock.steady();
  if (started >= look_at_) {
    AlertRule rule;
    {
      const std::scoped_lock lock(mutex_);
      rule = rule_;
    }
    look(rule);
    const auto ended = parts_.clock.steady();
    look_at_ = ended + std::max<Duration>(std::chrono::seconds(interval_), (ended - started) * kRest);
  } else if (!tell_at_ || *tell_at_ > parts_.clock.wall()) {
    return;
  }
  if (!stopping_) tell();
}

void Alerting::look(const AlertRule& rule) {
  const auto open = watch_.look(rule);
  if (open) {
    failing_ = false;
    parts_.metrics.alerts_open.at({"failure"}).set(static_cast<double>(open->failure));
    parts_.metrics.alerts_open.at({"silence"}).set(static_cast<double>(open->silence));
  } else if (!stopping_ && !std::exchange(failing_, true)) {
    log::warn("alerts.not_looked", {{"error", open.error().detail}});
  }
}

void Alerting::tell() {
  const auto told = teller_.tell();
  if (!told) return log::warn("alerts.not_told", {{"error", told.error().detail}});
  tell_at_ = told->next_at;
  const auto count = [this](std::string_view result, uint64_t messages) {
    parts_.metrics.alert_messages.at({result}).add(static_cast<double>(messages));
  };
  count("delivered", told->delivered);
  count("retried", told->retried);
  count("failed", told->failed);
}

}  // namespace schedules
