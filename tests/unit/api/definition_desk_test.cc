#include "api/definitions/desk.h"

#include <map>

#include <gmock/gmock.h>

#include "base/await.h"
#include "engine/rule.h"
#include "tests/support/manual_clock.h"

namespace schedules::api {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class MemoryDefinitions final : public DefinitionStore {
 public:
  void upsert(std::vector<StoredDefinition> definitions, Done<std::vector<StoredDefinition>> done) override {
    for (auto& one : definitions) {
      const auto& old = all[one.class_name];
      one.id = one.class_name;
      one.manual_payload = old.manual_payload;
      one.manual_cron = old.manual_cron;
      one.manual_status = old.manual_status;
      all[one.class_name] = one;
    }
    done(std::move(definitions));
  }
  void list(std::string module_name, Done<std::vector<StoredDefinition>> done) override {
    std::vector<StoredDefinition> out;
    for (const auto& [key, one] : all) {
      if (module_name.empty() || one.module_name == module_name) out.push_back(one);
    }
    done(std::move(out));
  }
  void get_definition(std::string name, Done<std::optional<StoredDefinition>> done) override {
    for (const auto& [key, one] : all) {
      if (key == name || one.event_name == name) return done(std::optional(one));
    }
    done(std::nullopt);
  }
  void set_overrides(std::string name, DefinitionOverrides overrides, Done<StoredDefinition> done) override {
    for (auto& [key, one] : all) {
      if (key != name && one.event_name != name) continue;
      if (overrides.payload) one.manual_payload = *overrides.payload;
      if (overrides.cron) one.manual_cron = *overrides.cron;
      if (overrides.status) one.manual_status = *overrides.status;
      return done(one);
    }
    done(fail(Code::not_found, "no definition"));
  }
  void drop_definition(std::string class_name, Done<bool> done) override { done(all.erase(class_name) > 0); }

  std::map<std::string, StoredDefinition> all;
};

class MemoryDesk final : public Schedules {
 public:
  void create(Schedule schedule, Done<Schedule> done) override {
    if (auto checked = recurrence_of(schedule, false); !checked) return done(fail(checked.error()));
    schedule.id = std::to_string(all.size() + 1);
    all[schedule.id] = schedule;
    done(schedule);
  }
  void edit(std::string id, std::optional<uint64_t>, ScheduleEdit edit, Done<Schedule> done) override {
    Schedule copy = all.at(id);
    if (auto edited = edit(copy); !edited) return done(fail(edited.error()));
    if (auto checked = recurrence_of(copy, false); !checked) return done(fail(checked.error()));
    ++copy.revision;
    all[id] = copy;
    done(copy);
  }
  void get(std::string id, Done<std::optional<Schedule>> done) override {
    done(all.contains(id) ? std::optional(all[id]) : std::nullopt);
  }
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override {
    std::vector<Schedule> out;
    for (const auto& [id, one] : all) {
      if (one.name.find(filter.name_contains.value_or("")) != std::string::npos) out.push_back(one);
    }
    done(std::move(out));
  }
  void remove(std::string id, AuditNote /*audit*/, Done<bool> done) override { done(all.erase(id) > 0); }
  void execute(std::string, Done<Schedule> done) override { done(fail(Code::not_found, "not here")); }
  void due(Done<std::vector<Schedule>> done) override { done(std::vector<Schedule>()); }
  void to_plan(TimePoint, size_t, Done<std::vector<Schedule>> done) override { done(std::vector<Schedule>()); }
  void count(ScheduleFilter, Done<uint64_t> done) override { done(all.size()); }

  Schedule& by_name(const std::string& name) {
    for (auto& [id, one] : all) {
      if (one.name == name) return one;
    }
    throw std::out_of_range(name);
  }
  std::map<std::string, Schedule> all;
};

class DefinitionDeskTest : public ::testing::Test {
 protected:
  SyncReport sync(const std::string& definitions, const std::string& owner = "billing") {
    return sync_files(read_definition_text("owner: " + owner + "\ndefinitions:\n" + definitions, "f.yaml"));
  }
  SyncReport sync_files(DefinitionFiles files) {
    auto report = await<SyncReport>([&](auto done) { desk_.sync(std::move(files), std::move(done)); });
    EXPECT_TRUE(report) << report.error().detail;
    return report.value_or(SyncReport{});
  }
  Result<DefinitionView> override_with(const std::string& name, DefinitionOverrides overrides) {
    return await<DefinitionView>([&](auto done) {
      desk_.set_overrides(name, std::move(overrides), {.name = "somebody", .role = "superuser"}, std::move(done));
    });
  }
  Schedule& schedule(const std::string& name = "run.start") { return schedules_.by_name(name); }
  StoredDefinition& definition(const std::string& name = "RunStartScheduledEvent") { return store_.all.at(name); }

  static std::string one(const std::string& cron = "0 2 * * *", const std::string& more = "") {
    return "- event_type: run\n  event_action: start\n  cron_expression: '" + cron + "'\n" + more;
  }
  static std::string other() { return "- event_type: other\n  event_action: go\n  cron_expression: '@daily'\n"; }

  schedules::testing::ManualClock clock_;
  MemoryDefinitions store_;
  MemoryDesk schedules_;
  DefinitionDesk desk_{store_, schedules_, clock_, false};
};

TEST_F(DefinitionDeskTest, ADefinitionBecomesAScheduleOfItsModule) {
  const auto report = sync(one("0 2 * * *", "  payload: {a: 1}\n  timezone: Europe/London\n"));
  EXPECT_EQ(report.created, 1U);
  EXPECT_EQ(schedule().owner, "billing");
  EXPECT_EQ(schedule().cron_expression, "0 2 * * *");
  EXPECT_EQ(schedule().timezone, "Europe/London");
  EXPECT_EQ(schedule().event_payload, R"({"a":1})");
  EXPECT_EQ(definition().schedule_id, schedule().id);
  EXPECT_EQ(definition().last_sync_at, clock_.wall());
}

TEST_F(DefinitionDeskTest, TheSameAgainChangesNothing) {
  sync(one());
  const auto report = sync(one());
  EXPECT_EQ(report.unchanged, 1U);
  EXPECT_EQ(report.updated, 0U);
  EXPECT_EQ(schedule().revision, 1U);
}

TEST_F(DefinitionDeskTest, AChangeIsANewRevisionAndKeepsAnOperatorsPause) {
  sync(one());
  schedule().status = ScheduleStatus::paused;
  EXPECT_EQ(sync(one("0 3 * * *")).updated, 1U);
  EXPECT_EQ(schedule().cron_expression, "0 3 * * *");
  EXPECT_EQ(schedule().status, ScheduleStatus::paused);
}

TEST_F(DefinitionDeskTest, WhatIsNoLongerDeclaredIsDisabledAndComesBack) {
  sync(one() + other());
  EXPECT_EQ(sync(other()).disabled, 1U);
  EXPECT_EQ(schedule().status, ScheduleStatus::disabled);
  EXPECT_EQ(schedule().note, "definition removed");
  EXPECT_EQ(definition().last_error, "definition removed");
  EXPECT_EQ(schedule("other.go").status, ScheduleStatus::active);
  EXPECT_EQ(sync(other()).disabled, 0U);
  sync(one() + other());
  EXPECT_EQ(schedule().status, ScheduleStatus::active);
  EXPECT_EQ(definition().last_error, std::nullopt);
}

TEST_F(DefinitionDeskTest, OtherModulesAreLeftAlone) {
  sync(one());
  EXPECT_EQ(sync(other(), "shop").disabled, 0U);
  EXPECT_EQ(schedule().status, ScheduleStatus::active);
}

TEST_F(DefinitionDeskTest, AFaultyFileDisablesNothing) {
  sync(one() + other());
  auto files = read_definition_text("owner: billing\ndefinitions:\n" + one(), "f.yaml");
  files.faults.push_back({.code = Code::invalid_argument, .detail = "g.yaml:1: broken", .field = ""});
  const auto report = sync_files(std::move(files));
  EXPECT_EQ(report.disabled, 0U);
  EXPECT_EQ(schedule("other.go").status, ScheduleStatus::active);
  EXPECT_THAT(desk_.faults(), ElementsAre("g.yaml:1: broken"));
}

TEST_F(DefinitionDeskTest, ARuleThatNeverFiresIsToldAndTheOthersGoOn) {
  const auto report = sync(one("0 0 31 2 *") + other());
  EXPECT_EQ(report.created, 1U);
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_THAT(report.faults[0], HasSubstr("run.start"));
  EXPECT_TRUE(definition().last_error);
  sync(one() + other());
  EXPECT_FALSE(definition().last_error);
  EXPECT_TRUE(desk_.faults().empty());
}

TEST_F(DefinitionDeskTest, ANameThatAPersonTookIsNotTakenOver) {
  Schedule mine;
  mine.name = "run.start";
  mine.id = "9";
  mine.cron_expression = "@hourly";
  schedules_.all["9"] = mine;
  const auto report = sync(one());
  ASSERT_EQ(report.faults.size(), 1U);
  EXPECT_EQ(schedule().cron_expression, "@hourly");
}

TEST_F(DefinitionDeskTest, ARenamedClassKeepsItsSchedule) {
  sync(one());
  const auto id = schedule().id;
  sync(one("0 2 * * *", "  class_name: Renamed\n"));
  EXPECT_EQ(schedules_.all.size(), 1U);
  EXPECT_EQ(definition("Renamed").schedule_id, id);
  EXPECT_FALSE(store_.all.contains("RunStartScheduledEvent"));
  EXPECT_EQ(schedule().status, ScheduleStatus::active);
}

TEST_F(DefinitionDeskTest, OverridesApplyAtOnceSurviveSyncAndCanBeCleared) {
  sync(one());
  ASSERT_TRUE(override_with("run.start", {.payload = R"({"b":2})", .cron = "0 9 * * *", .status = {}}));
  EXPECT_EQ(schedule().cron_expression, "0 9 * * *");
  EXPECT_EQ(schedule().event_payload, R"({"b":2})");
  sync(one("0 4 * * *"));
  EXPECT_EQ(schedule().cron_expression, "0 9 * * *");
  ASSERT_TRUE(
      override_with("RunStartScheduledEvent", {.payload = {}, .cron = std::optional<std::string>(), .status = {}}));
  EXPECT_EQ(schedule().cron_expression, "0 4 * * *");
  EXPECT_EQ(schedule().event_payload, R"({"b":2})");
}

TEST_F(DefinitionDeskTest, AStatusOverrideDisablesAndClearingItActivates) {
  sync(one());
  ASSERT_TRUE(override_with("run.start", {.payload = {}, .cron = {}, .status = DefinitionStatus::disabled}));
  EXPECT_EQ(schedule().status, ScheduleStatus::disabled);
  sync(one());
  EXPECT_EQ(schedule().status, ScheduleStatus::disabled);
  ASSERT_TRUE(override_with("run.start", {.payload = {}, .cron = {}, .status = std::optional<DefinitionStatus>()}));
  EXPECT_EQ(schedule().status, ScheduleStatus::active);
}

TEST_F(DefinitionDeskTest, AFaultyOverrideIsRefusedAndNotStored) {
  sync(one());
  const auto refused = override_with("run.start", {.payload = {}, .cron = "61 * * * *", .status = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "manual_cron_override");
  EXPECT_EQ(definition().manual_cron, std::nullopt);
  EXPECT_EQ(schedule().cron_expression, "0 2 * * *");
  EXPECT_EQ(override_with("nobody", {}).error().code, Code::not_found);
}

}  // namespace
}  // namespace schedules::api
