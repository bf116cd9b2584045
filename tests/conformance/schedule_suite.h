// What every store of schedules and dead letters must do. A backend instantiates the suites with a
// way to open an empty store:
//   INSTANTIATE_TEST_SUITE_P(Sqlite, ScheduleStoreTest, ::testing::Values(backend), backend_name);
//   INSTANTIATE_TEST_SUITE_P(Sqlite, DeadLetterStoreTest, ::testing::Values(backend),
//   backend_name);
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "store/alert_store.h"
#include "store/audit_trail.h"
#include "store/definition_store.h"
#include "store/run_book.h"
#include "store/schedule_store.h"
#include "tests/conformance/schedule_await.h"
#include "tests/conformance/schedule_samples.h"

namespace schedules::testing {

struct ScheduleStores {
  std::shared_ptr<void> owner;  ///< closes the store and clears away
  ScheduleStore* schedules = nullptr;
  ScheduleCounters* counters = nullptr;
  DeadLetterStore* letters = nullptr;
  DefinitionStore* definitions = nullptr;
  RunBook* runs = nullptr;
  AuditTrail* audit = nullptr;
  AlertStore* alerts = nullptr;
};

struct ScheduleBackend {
  std::string name;
  std::function<ScheduleStores()> open;  ///< an empty store, of this test alone
};

inline std::string backend_name(const ::testing::TestParamInfo<ScheduleBackend>& info) { return info.param.name; }

class ScheduleStoreTest : public ::testing::TestWithParam<ScheduleBackend> {
 protected:
  ScheduleStores stores = GetParam().open();
  ScheduleStore& store = *stores.schedules;

  Result<Schedule> create(Schedule schedule) {
    return await<Schedule>([&](auto done) { store.create(std::move(schedule), std::move(done)); });
  }
  Result<Schedule> update(Schedule schedule) {
    return await<Schedule>([&](auto done) { store.update(std::move(schedule), std::move(done)); });
  }
  /// Fails the test where there is none.
  Schedule get(const std::string& id) {
    auto found = await<std::optional<Schedule>>([&](auto done) { store.get(id, std::move(done)); });
    EXPECT_TRUE(found.has_value() && found->has_value()) << id;
    return found && *found ? **found : Schedule{};
  }
  std::vector<Schedule> find(ScheduleFilter filter) {
    return await<std::vector<Schedule>>([&](auto done) { store.find(std::move(filter), std::move(done)); }).value();
  }
  uint64_t count(ScheduleFilter filter) {
    return await<uint64_t>([&](auto done) { store.count(std::move(filter), std::move(done)); }).value();
  }
  std::vector<std::string> find_names(ScheduleFilter filter) { return names(find(std::move(filter))); }
  bool remove(const std::string& id) {
    return await<bool>([&](auto done) { store.remove(id, nullptr, std::move(done)); }).value();
  }
  std::vector<std::string> due_names(TimePoint until, size_t limit = 100) {
    return names(
        await<std::vector<Schedule>>([&](auto done) { store.due_to_plan(until, limit, std::move(done)); }).value());
  }
  Status mark_planned(std::vector<Schedule> schedules) {
    return await<void>([&](auto done) { store.mark_planned(std::move(schedules), std::move(done)); });
  }
  Status note(std::vector<ExecutionNote> notes) {
    return await<void>([&](auto done) { stores.counters->note_executions(std::move(notes), std::move(done)); });
  }
  static std::vector<std::string> names(const std::vector<Schedule>& schedules) {
    std::vector<std::string> found;
    for (const auto& schedule : schedules) found.push_back(schedule.name);
    return found;
  }
};

class DeadLetterStoreTest : public ::testing::TestWithParam<ScheduleBackend> {
 protected:
  ScheduleStores stores = GetParam().open();
  DeadLetterStore& store = *stores.letters;

  Status bury(std::vector<DeadLetter> letters) {
    return await<void>([&](auto done) { store.bury(std::move(letters), std::move(done)); });
  }
  std::optional<DeadLetter> get(EventId id) {
    return await<std::optional<DeadLetter>>([&](auto done) { store.get_letter(id, std::move(done)); }).value();
  }
  DeadLetterPage find(DeadLetterFilter filter) {
    return await<DeadLetterPage>([&](auto done) { store.find_letters(std::move(filter), std::move(done)); }).value();
  }
  uint64_t drop(std::vector<EventId> ids) {
    return await<uint64_t>([&](auto done) { store.drop_letters(std::move(ids), std::move(done)); }).value();
  }
  uint64_t count() {
    return await<uint64_t>([&](auto done) { store.count_letters(std::move(done)); }).value();
  }
};

class RunBookTest : public ::testing::TestWithParam<ScheduleBackend> {
 protected:
  ScheduleStores stores = GetParam().open();

  Result<std::vector<RunEntry>> change(const std::string& schedule_id, RunChange change) {
    return await<std::vector<RunEntry>>(
        [&](auto done) { stores.runs->change_runs(schedule_id, std::move(change), std::move(done)); });
  }
  std::vector<RunEntry> look(const std::string& schedule_id) {
    return change(schedule_id, [](std::vector<RunEntry>&) {}).value();
  }
};

class AuditTrailTest : public ::testing::TestWithParam<ScheduleBackend> {
 protected:
  ScheduleStores stores = GetParam().open();
  AuditTrail& store = *stores.audit;

  Status append(std::vector<AuditEntry> entries) {
    return await<void>([&](auto done) { store.append_entries(std::move(entries), std::move(done)); });
  }
  AuditPage find(AuditFilter filter) {
    return await<AuditPage>([&](auto done) { store.find_entries(std::move(filter), std::move(done)); }).value();
  }
  uint64_t forget(TimePoint before) {
    return await<uint64_t>([&](auto done) { store.forget_entries(before, std::move(done)); }).value();
  }
};

class AlertStoreTest : public ::testing::TestWithParam<ScheduleBackend> {
 protected:
  ScheduleStores stores = GetParam().open();
  AlertStore& store = *stores.alerts;

  std::vector<bool> save(std::vector<Alert> alerts) {
    return await<std::vector<bool>>([&](auto done) { store.save_alerts(std::move(alerts), std::move(done)); }).value();
  }
  AlertPage find(AlertFilter filter) {
    return await<AlertPage>([&](auto done) { store.find_alerts(std::move(filter), std::move(done)); }).value();
  }
  uint64_t forget(TimePoint before) {
    return await<uint64_t>([&](auto done) { store.forget_alerts(before, std::move(done)); }).value();
  }
};

class DefinitionStoreTest : public ::testing::TestWithParam<ScheduleBackend> {
 protected:
  ScheduleStores stores = GetParam().open();
  DefinitionStore& store = *stores.definitions;

  Result<std::vector<StoredDefinition>> upsert(std::vector<StoredDefinition> definitions) {
    return await<std::vector<StoredDefinition>>(
        [&](auto done) { store.upsert(std::move(definitions), std::move(done)); });
  }
  std::vector<StoredDefinition> list(const std::string& module_name = "") {
    return await<std::vector<StoredDefinition>>([&](auto done) { store.list(module_name, std::move(done)); }).value();
  }
  std::optional<StoredDefinition> get(const std::string& name) {
    return await<std::optional<StoredDefinition>>([&](auto done) { store.get_definition(name, std::move(done)); })
        .value();
  }
  Result<StoredDefinition> set(const std::string& name, DefinitionOverrides overrides) {
    return await<StoredDefinition>(
        [&](auto done) { store.set_overrides(name, std::move(overrides), std::move(done)); });
  }
  bool drop(const std::string& class_name) {
    return await<bool>([&](auto done) { store.drop_definition(class_name, std::move(done)); }).value();
  }
};

}  // namespace schedules::testing
