// Schedules, their executions and alerts in memory; everything answers inline.
#pragma once

#include <map>

#include "engine/schedules.h"
#include "store/alert_store.h"
#include "store/execution_store.h"
#include "tests/support/manual_clock.h"

namespace schedules::testing {

struct AlertWorld final : AlertStore, Schedules, ExecutionStore {
  ManualClock clock;
  std::map<std::string, Schedule> all;
  std::vector<Execution> runs;
  std::map<std::pair<std::string, AlertKind>, Alert> stored;
  size_t searches = 0;

  /// Fires each minute, made a day ago.
  Schedule& schedule(const std::string& id = "a") {
    auto& made = all[id];
    made.id = id;
    made.name = "schedule " + id;
    made.cron_expression = "0 * * * * *";
    made.created_at = made.updated_at = clock.wall() - std::chrono::hours(24);
    return made;
  }
  /// A run that has just ended; counted as the recorder does.
  void run(Schedule& schedule, RunStatus status, State state = State::fired, std::string reason = "", int event = 0) {
    static int events = 1'000;
    Execution made{.schedule_id = schedule.id, .executed_at = clock.wall(), .status = status, .state = state};
    made.event_id = derived_id(std::to_string(event != 0 ? event : ++events));
    made.reason = std::move(reason);
    if (status == RunStatus::failure) made.error = fmt::format("error {}", schedule.error_count + 1);
    runs.insert(runs.begin(), made);
    schedule.last_status = status;
    if (status == RunStatus::skipped) return;
    schedule.last_execution = clock.wall();
    ++schedule.execution_count;
    schedule.error_count += status == RunStatus::failure ? 1 : 0;
  }
  void dies(Schedule& schedule) { run(schedule, RunStatus::failure, State::dead); }
  void succeeds(Schedule& schedule) { run(schedule, RunStatus::success); }

  const Alert* alert(AlertKind kind, const std::string& id = "a") const {
    const auto found = stored.find({id, kind});
    return found == stored.end() ? nullptr : &found->second;
  }
  bool open(AlertKind kind, const std::string& id = "a") const {
    return alert(kind, id) != nullptr && !alert(kind, id)->recovered_at;
  }

  void watched(std::string after, size_t limit, Done<std::vector<Schedule>> done) override {
    std::vector<Schedule> found;
    for (const auto& [id, one] : all) {
      const bool failed = one.status == ScheduleStatus::completed && one.last_status == RunStatus::failure;
      if (id > after && found.size() < limit && (one.status == ScheduleStatus::active || failed)) found.push_back(one);
    }
    done(std::move(found));
  }
  void find_alerts(AlertFilter filter, Done<AlertPage> done) override {
    AlertPage page;
    for (const auto& [key, one] : stored) {
      if (!filter.current || !one.recovered_at || one.news != AlertNews::none) page.alerts.push_back(one);
    }
    done(std::move(page));
  }
  void save_alerts(std::vector<Alert> alerts, Done<std::vector<bool>> done) override {
    std::vector<bool> saved;
    for (auto& one : alerts) {
      auto& place = stored[{one.schedule_id, one.kind}];
      const bool gives_way = place.version == 0 || (place.recovered_at && place.news == AlertNews::none);
      saved.push_back(one.version == 0 ? gives_way : place.version == one.version);
      if (!saved.back()) continue;
      const auto version = place.version;
      place = one;
      place.version = version + 1;
    }
    done(std::move(saved));
  }
  void forget_alerts(TimePoint, Done<uint64_t> done) override { done(0); }

  void get(std::string id, Done<std::optional<Schedule>> done) override {
    done(all.contains(id) ? std::optional(all.at(id)) : std::nullopt);
  }
  void create(Schedule, Done<Schedule> done) override { done(fail(Code::internal, "not here")); }
  void edit(std::string, std::optional<uint64_t>, ScheduleEdit, Done<Schedule> done) override {
    done(fail(Code::internal, "not here"));
  }
  void find(ScheduleFilter, Done<std::vector<Schedule>> done) override { done(std::vector<Schedule>{}); }
  void count(ScheduleFilter, Done<uint64_t> done) override { done(0); }
  void remove(std::string, AuditNote, Done<bool> done) override { done(false); }
  void execute(std::string, Done<Schedule> done) override { done(fail(Code::internal, "not here")); }
  void due(Done<std::vector<Schedule>> done) override { done(std::vector<Schedule>{}); }
  void to_plan(TimePoint, size_t, Done<std::vector<Schedule>> done) override { done(std::vector<Schedule>{}); }

  void find_executions(ExecutionFilter filter, Done<ExecutionPage> done) override {
    ++searches;
    ExecutionPage page;
    for (const auto& one : runs) {
      const bool wanted = one.schedule_id == filter.schedule_id && (!filter.status || one.status == *filter.status);
      if (wanted && page.executions.size() < filter.limit) page.executions.push_back(one);
    }
    done(std::move(page));
  }
  void append(ExecutionBatch, Done<void> done) override { done({}); }
  void stats(ExecutionFilter, Done<ExecutionStats> done) override { done(ExecutionStats{}); }
  void groups(ExecutionFilter, GroupBy, Done<std::vector<ExecutionGroup>> done) override {
    done(std::vector<ExecutionGroup>{});
  }
  void error_patterns(ExecutionFilter, Done<std::vector<ErrorPattern>> done) override {
    done(std::vector<ErrorPattern>{});
  }
  void expire(RetentionCuts, Done<Expired> done) override { done(Expired{}); }
};

}  // namespace schedules::testing
