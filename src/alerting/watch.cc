#include "alerting/watch.h"

#include "base/await.h"
#include "engine/rule.h"

namespace schedules {
namespace {

constexpr size_t kWatchPage = 200;  ///< schedules of one read: short, as others wait for the store
constexpr size_t kAlertPage = 1'000;
/// An execution may reach its store later than the counters of its schedule.
constexpr std::chrono::seconds kSettled{30};

AlertNews news_for(const AlertRule& rule, AlertNews news) { return rule.url.empty() ? AlertNews::none : news; }

}  // namespace

Result<Watch::Open> Watch::look(const AlertRule& settings) {
  now_ = ports_.clock.wall();
  if (!watching_since_) watching_since_ = now_;
  ++looks_;
  if (auto loaded = load(); !loaded) return fail(std::move(loaded.error()));
  std::string after;
  while (true) {
    if (stopping_) return fail(Code::shutting_down, "the scheduler is stopping");
    const auto page =
        await<std::vector<Schedule>>([&](auto done) { ports_.alerts.watched(after, kWatchPage, std::move(done)); });
    if (!page) return fail(page.error());
    if (auto seen = look_at_page(*page, settings); !seen) return fail(std::move(seen.error()));
    if (page->size() < kWatchPage) break;
    after = page->back().id;
  }
  if (auto ended = end_unwatched(settings); !ended) return fail(std::move(ended.error()));
  std::erase_if(known_, [&](const auto& entry) { return entry.second.look != looks_; });
  Open open;
  for (const auto& [key, alert] : alerts_) {
    if (alert.recovered_at) continue;
    (key.second == AlertKind::failure ? open.failure : open.silence) += 1;
  }
  return open;
}

void Watch::forget() {
  watching_since_.reset();
  known_.clear();
}

Status Watch::load() {
  alerts_.clear();
  changed_.clear();
  AlertFilter filter{.current = true, .limit = kAlertPage};
  do {
    auto page = await<AlertPage>([&](auto done) { ports_.alerts.find_alerts(filter, std::move(done)); });
    if (!page) return fail(page.error());
    for (auto& alert : page->alerts) {
      Key key{alert.schedule_id, alert.kind};
      alerts_.insert_or_assign(std::move(key), std::move(alert));
    }
    filter.cursor = page->next_cursor;
  } while (!filter.cursor.empty());
  return {};
}

Status Watch::look_at_page(const std::vector<Schedule>& page, const AlertRule& settings) {
  for (const auto& schedule : page) {
    // A document that another program has spoilt is shown as disabled.
    const bool watched = schedule.status == ScheduleStatus::active || schedule.status == ScheduleStatus::completed;
    if (!watched) continue;
    known_[schedule.id].look = looks_;
    if (auto judged = judge(schedule, alert_rule_of(schedule.alerts, settings)); !judged) return judged;
  }
  return save();
}

Status Watch::judge(const Schedule& schedule, const AlertRule& rule) {
  for (const auto kind : {AlertKind::failure, AlertKind::silence}) {
    const bool watched = kind == AlertKind::failure ? rule.on.failure : rule.on.silence;
    auto* const alert = watched ? nullptr : open_alert(schedule.id, kind);
    if (alert != nullptr) end(*alert, rule, "not_watched");
  }
  if (!rule.on.failure && !rule.on.silence) return {};
  auto runs = history(schedule, rule.after_failures);
  if (!runs) return fail(std::move(runs.error()));
  if (rule.on.failure) judge_failure(schedule, rule, *runs);
  const bool fails = open_alert(schedule.id, AlertKind::failure) != nullptr;
  const bool silent = open_alert(schedule.id, AlertKind::silence) != nullptr;
  if (!rule.on.silence || schedule.status != ScheduleStatus::active || (fails && !silent)) return {};
  if (!runs->last_success && schedule.execution_count > 0) {
    if (auto found = find_success(schedule, *runs); !found) return found;
  }
  judge_silence(schedule, rule, *runs);
  return {};
}

void Watch::judge_failure(const Schedule& schedule, const AlertRule& rule, const RunHistory& history) {
  auto* alert = open_alert(schedule.id, AlertKind::failure);
  if (history.failures == 0) {
    // Without a success in between it has been changed, or its history is gone: the next run tells.
    if (alert != nullptr && history.last_success) end(*alert, rule, "success");
    return;
  }
  if (alert == nullptr) {
    if (history.failures < rule.after_failures) return;
    alert = &begin(schedule, AlertKind::failure, rule);
    alert->since = history.failing_since.value_or(now_);
  }
  if (alert->failures < history.failures || alert->error != history.error) {
    alert->failures = std::max(alert->failures, history.failures);
    alert->error = history.error;
    changed_[{schedule.id, AlertKind::failure}] = true;
  }
  remind(*alert, rule);
}

void Watch::judge_silence(const Schedule& schedule, const AlertRule& rule, const RunHistory& history) {
  auto* alert = open_alert(schedule.id, AlertKind::silence);
  const auto due = expected(schedule, history);
  const TimePoint from = due ? (alert != nullptr ? *due : std::max(*due, *watching_since_)) : TimePoint{};
  if (!due || now_ <= from + rule.grace) {
    if (alert == nullptr) return;
    const bool succeeded = history.last_success && *history.last_success >= alert->since;
    return end(*alert, rule, succeeded ? "success" : "edited");
  }
  if (alert == nullptr) {
    alert = &begin(schedule, AlertKind::silence, rule);
    alert->since = *due;
    alert->error = schedule.last_error.value_or("");
  }
  remind(*alert, rule);
}

Result<RunHistory> Watch::history(const Schedule& schedule, uint32_t runs) {
  if (auto plain = history_of_counters(schedule)) return std::move(*plain);
  auto& known = known_[schedule.id];
  const bool same = known.executions == schedule.execution_count && known.errors == schedule.error_count;
  if (same && known.asked_at > *schedule.last_execution + kSettled) return known.history;
  const auto page = await<ExecutionPage>([&](auto done) {
    ports_.executions.find_executions({.schedule_id = schedule.id, .limit = executions_of(schedule, runs)},
                                      std::move(done));
  });
  if (!page) return fail(page.error());
  known.executions = schedule.execution_count;
  known.errors = schedule.error_count;
  known.asked_at = now_;
  known.history = history_of(schedule, page->executions);
  return known.history;
}

// Further back than its last failures.
Status Watch::find_success(const Schedule& schedule, RunHistory& history) {
  const auto page = await<ExecutionPage>([&](auto done) {
    ports_.executions.find_executions(
        {.schedule_id = schedule.id, .status = RunStatus::success, .limit = schedule.ack == Ack::none ? 1U : 100U},
        std::move(done));
  });
  if (!page) return fail(page.error());
  for (const auto& execution : page->executions) {
    if (!is_success(schedule, execution)) continue;
    history.last_success = execution.executed_at;
    break;
  }
  // For as long as nothing else runs, this is so.
  known_[schedule.id].history.last_success = history.last_success;
  return {};
}

std::optional<TimePoint> Watch::expected(const Schedule& schedule, const RunHistory& history) {
  auto& known = known_[schedule.id];
  if (known.revision == schedule.revision && known.last_success == history.last_success) return known.expected;
  const auto rule = recurrence_of(schedule, cron_seconds_last_);
  known.revision = schedule.revision;
  known.last_success = history.last_success;
  known.expected = rule ? expected_after(schedule, *rule, history.last_success) : std::nullopt;
  return known.expected;
}

Status Watch::end_unwatched(const AlertRule& settings) {
  for (auto& [key, alert] : alerts_) {
    const auto known = known_.find(key.first);
    const bool seen = known != known_.end() && known->second.look == looks_;
    if (seen || alert.recovered_at) continue;
    const auto found =
        await<std::optional<Schedule>>([&](auto done) { ports_.schedules.get(key.first, std::move(done)); });
    if (!found) return fail(found.error());
    if (!*found) {
      end(alert, settings, "deleted");
      continue;
    }
    const Schedule& schedule = **found;
    if (schedule.status == ScheduleStatus::active) continue;  // since the look: the next one judges it
    const bool well = schedule.status == ScheduleStatus::completed && schedule.last_status == RunStatus::success;
    end(alert, alert_rule_of(schedule.alerts, settings), well ? "success" : std::string(to_string(schedule.status)));
  }
  return save();
}

Alert* Watch::open_alert(const std::string& schedule_id, AlertKind kind) {
  const auto found = alerts_.find({schedule_id, kind});
  return found == alerts_.end() || found->second.recovered_at ? nullptr : &found->second;
}

Alert& Watch::begin(const Schedule& schedule, AlertKind kind, const AlertRule& rule) {
  const Key key{schedule.id, kind};
  auto& alert = alerts_[key];
  alert = Alert{.schedule_id = schedule.id,
                .schedule_name = schedule.name,
                .kind = kind,
                .since = now_,
                .opened_at = now_,
                .url = rule.url,
                .news = news_for(rule, AlertNews::opened),
                .next_try_at = now_,
                .version = alert.version};
  changed_[key] = true;
  return alert;
}

void Watch::end(Alert& alert, const AlertRule& rule, std::string reason) {
  alert.recovered_at = now_;
  alert.reason = std::move(reason);
  alert.url = rule.url;
  alert.news = news_for(rule, AlertNews::recovered);
  alert.attempts = 0;
  alert.next_try_at = now_;
  changed_[{alert.schedule_id, alert.kind}] = true;
}

void Watch::remind(Alert& alert, const AlertRule& rule) {
  if (alert.news != AlertNews::none || rule.url.empty()) return;
  const bool again = rule.reminder.count() > 0 && alert.told_at && now_ - *alert.told_at >= rule.reminder;
  if (alert.told_at && !again) return;
  alert.url = rule.url;
  alert.news = alert.told_at ? AlertNews::reminder : AlertNews::opened;  // not told: it had no address before
  alert.attempts = 0;
  alert.next_try_at = now_;
  changed_[{alert.schedule_id, alert.kind}] = true;
}

Status Watch::save() {
  std::vector<Alert> alerts;
  for (const auto& [key, changed] : changed_) {
    if (changed) alerts.push_back(alerts_.at(key));
  }
  changed_.clear();
  if (alerts.empty()) return {};
  // One that is not stored was changed by another node meanwhile: the next look sees how.
  auto saved =
      await<std::vector<bool>>([&](auto done) { ports_.alerts.save_alerts(std::move(alerts), std::move(done)); });
  if (!saved) return fail(std::move(saved.error()));
  return {};
}

}  // namespace schedules
