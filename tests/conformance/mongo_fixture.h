// A store on a database of its own, under a clock moved by hand, with the rules as the engine reads them.
#pragma once

#include "engine/plan.h"
#include "tests/conformance/mongo_place.h"
#include "tests/support/manual_clock.h"

namespace schedules::testing {

/// As the wiring gives it.
inline Status engine_replan(Schedule& schedule, ForeignEdit edit, TimePoint now) {
  return replan(schedule, edit == ForeignEdit::rule, now, false);
}

class MongoStoreTest : public ::testing::Test {
 protected:
  static constexpr auto kSchedules = "mongo_schedules";

  MongoDatabase database;
  ManualClock clock;
  std::unique_ptr<MongoScheduleStore> store = open();

  std::unique_ptr<MongoScheduleStore> open(const std::string& node_id = "a node") {
    return open_mongo({.url = database.url(), .replan = engine_replan, .node_id = node_id}, clock);
  }

  Result<Schedule> create(Schedule schedule) {
    return await<Schedule>([&](auto done) { store->create(std::move(schedule), std::move(done)); });
  }
  /// An active one as the engine makes it: planned from now on.
  Schedule planned(uint32_t number, const std::string& cron = "0 * * * *") {
    auto schedule = plain_schedule(number);
    schedule.cron_expression = cron;
    schedule.event_payload = R"({"n":1})";
    schedule.created_at = schedule.updated_at = clock.wall();
    EXPECT_TRUE(engine_replan(schedule, ForeignEdit::rule, clock.wall()));
    auto created = create(schedule);
    EXPECT_TRUE(created) << created.error().detail;
    return created.value_or(schedule);
  }
  Result<Schedule> update(Schedule schedule) {
    return await<Schedule>([&](auto done) { store->update(std::move(schedule), std::move(done)); });
  }
  std::optional<Schedule> get(const std::string& id) {
    return await<std::optional<Schedule>>([&](auto done) { store->get(id, std::move(done)); }).value();
  }
  std::vector<Schedule> find(ScheduleFilter filter = {}) {
    return await<std::vector<Schedule>>([&](auto done) { store->find(std::move(filter), std::move(done)); }).value();
  }
  Schedule named(const std::string& name) {
    for (auto& schedule : find({.limit = 1000})) {
      if (schedule.name == name) return schedule;
    }
    ADD_FAILURE() << "there is no " << name;
    return {};
  }
  std::vector<std::string> due_names(TimePoint until) {
    const auto due = await<std::vector<Schedule>>([&](auto done) { store->due_to_plan(until, 100, std::move(done)); });
    std::vector<std::string> names;
    for (const auto& one : due.value()) names.push_back(one.name);
    return names;
  }
  std::optional<ScheduleRevision> revision(const std::string& id) {
    const auto found =
        await<std::vector<ScheduleRevision>>([&](auto done) { store->revisions({id}, std::move(done)); }).value();
    return found.empty() ? std::nullopt : std::optional(found.front());
  }
  Status mark(const Schedule& schedule) {
    return await<void>([&](auto done) { store->mark_planned({schedule}, std::move(done)); });
  }
  Status note(std::vector<ExecutionNote> notes) {
    return await<void>([&](auto done) { store->note_executions(std::move(notes), std::move(done)); });
  }
  uint64_t take_over() {
    const auto taken = await<uint64_t>([&](auto done) { store->take_over_edits(std::move(done)); });
    EXPECT_TRUE(taken) << taken.error().detail;
    return taken.value_or(0);
  }
  /// First contact has been, and what was there before has been looked at.
  void settle() {
    EXPECT_TRUE(await<void>([&](auto done) { store->migrate(std::move(done)); }));
    take_over();
  }
  static std::string by_id(const std::string& id) { return fmt::format(R"({{"_id": {{"$oid": "{}"}}}})", id); }
  int64_t edit(const std::string& id, const std::string& set) {
    return database.update(kSchedules, by_id(id), fmt::format(R"({{"$set": {}}})", set));
  }
};

}  // namespace schedules::testing
