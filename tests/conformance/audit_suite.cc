#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {
namespace {

AuditEntry entry(int64_t number, std::string kind = "event", std::string object = "o") {
  return sealed({.id = {},
                 .at = at_second(number) + Duration{7},
                 .actor = {.name = number % 2 == 0 ? "even" : "odd", .role = "superuser"},
                 .kind = std::move(kind),
                 .object_id = std::move(object),
                 .object_name = "a name \"quoted\" \xC3\xA9",
                 .action = fmt::format("action {}", number),
                 .changes = R"({"n":{"before":null,"after":[1,"x"]}})"});
}

AuditNote note(int64_t number) { return std::make_shared<const AuditEntry>(entry(number, "schedule", object_id(1))); }

std::vector<std::string> actions(const std::vector<AuditEntry>& entries) {
  std::vector<std::string> found;
  for (const auto& one : entries) found.push_back(one.action);
  return found;
}

using Actions = std::vector<std::string>;

}  // namespace

TEST_P(AuditTrailTest, EverythingOfAnEntryComesBack) {
  const auto wanted = entry(1);
  ASSERT_TRUE(append({wanted}));
  const auto found = find({}).entries;
  ASSERT_EQ(found.size(), 1U);
  const auto& one = found[0];
  EXPECT_EQ(std::tie(one.id, one.at, one.actor.name, one.actor.role, one.kind, one.object_id, one.object_name,
                     one.action, one.changes, one.certain),
            std::tie(wanted.id, wanted.at, wanted.actor.name, wanted.actor.role, wanted.kind, wanted.object_id,
                     wanted.object_name, wanted.action, wanted.changes, wanted.certain));
}

TEST_P(AuditTrailTest, TheSameEntryTwiceIsOne) {
  ASSERT_TRUE(append({entry(1), entry(2)}));
  ASSERT_TRUE(append({entry(2), entry(3)}));
  EXPECT_EQ(actions(find({}).entries), (Actions{"action 3", "action 2", "action 1"}));
}

TEST_P(AuditTrailTest, EachFilterSelects) {
  ASSERT_TRUE(
      append({entry(1, "event", "a"), entry(2, "event", "b"), entry(3, "schedule", "a"), entry(4, "setting", "c")}));
  EXPECT_EQ(actions(find({.kind = "event"}).entries), (Actions{"action 2", "action 1"}));
  EXPECT_EQ(actions(find({.object_id = "a"}).entries), (Actions{"action 3", "action 1"}));
  EXPECT_EQ(actions(find({.kind = "schedule", .object_id = "a"}).entries), Actions{"action 3"});
  EXPECT_EQ(actions(find({.actor = "even"}).entries), (Actions{"action 4", "action 2"}));
  EXPECT_EQ(actions(find({.object_id = "a", .actor = "even"}).entries), Actions{});
  EXPECT_EQ(actions(find({.since = entry(2).at, .until = entry(4).at}).entries), (Actions{"action 3", "action 2"}));
}

TEST_P(AuditTrailTest, PagesHaveNoGapsAndNoRepeats) {
  std::vector<AuditEntry> entries;
  for (int64_t i = 0; i < 47; ++i) {
    entries.push_back(entry(i));
    entries.back().at = at_second(i / 9);  // many at the same time
    entries.back() = sealed(entries.back());
  }
  ASSERT_TRUE(append(entries));
  for (const std::optional<std::string>& actor : {std::optional<std::string>{}, std::optional<std::string>{"odd"}}) {
    AuditFilter filter{.actor = actor, .limit = 5};
    std::set<std::string> seen;
    size_t count = 0;
    TimePoint last = TimePoint::max();
    do {
      const auto page = find(filter);
      ASSERT_LE(page.entries.size(), 5U);
      for (const auto& one : page.entries) {
        EXPECT_LE(one.at, last);
        last = one.at;
        seen.insert(one.id);
        ++count;
      }
      filter.cursor = page.next_cursor;
    } while (!filter.cursor.empty());
    EXPECT_EQ(count, actor ? 23U : 47U);
    EXPECT_EQ(seen.size(), count);
  }
}

TEST_P(AuditTrailTest, ForeignCursorIsRefused) {
  for (const std::string cursor : {"x", "12", "12.x'--", "12.123"}) {
    const auto page = await<AuditPage>([&](auto done) { store.find_entries({.cursor = cursor}, std::move(done)); });
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().code, Code::invalid_argument);
    EXPECT_EQ(page.error().field, "cursor");
  }
}

TEST_P(AuditTrailTest, WhatIsOlderIsForgotten) {
  ASSERT_TRUE(append({entry(1), entry(2), entry(3)}));
  EXPECT_EQ(forget(entry(3).at), 2U);
  EXPECT_EQ(forget(entry(3).at), 0U);
  EXPECT_EQ(actions(find({}).entries), Actions{"action 3"});
}

TEST_P(AuditTrailTest, AChangeAndItsNoteAreWrittenTogether) {
  auto schedule = plain_schedule(1);
  schedule.audit = note(1);
  auto made = await<Schedule>([&](auto done) { stores.schedules->create(schedule, std::move(done)); });
  ASSERT_TRUE(made);
  made->audit = note(2);
  ASSERT_TRUE(await<Schedule>([&](auto done) { stores.schedules->update(*made, std::move(done)); }));
  EXPECT_TRUE(await<bool>([&](auto done) { stores.schedules->remove(made->id, note(3), std::move(done)); }).value());
  const auto found = find({.kind = "schedule", .object_id = object_id(1)}).entries;
  EXPECT_EQ(actions(found), (Actions{"action 3", "action 2", "action 1"}));
  for (const auto& one : found) EXPECT_TRUE(one.certain) << one.action;
}

TEST_P(AuditTrailTest, ARefusedChangeLeavesNoNote) {
  auto schedule = plain_schedule(1);
  schedule.audit = note(1);
  ASSERT_TRUE(await<Schedule>([&](auto done) { stores.schedules->create(schedule, std::move(done)); }));
  schedule.audit = note(2);
  EXPECT_FALSE(await<Schedule>([&](auto done) { stores.schedules->create(schedule, std::move(done)); }));
  schedule.revision = 77;
  schedule.audit = note(3);
  EXPECT_FALSE(await<Schedule>([&](auto done) { stores.schedules->update(schedule, std::move(done)); }));
  DefinitionOverrides overrides{.cron = std::optional<std::string>("@daily"), .at = at_second(4)};
  overrides.audit = note(4);
  EXPECT_FALSE(await<StoredDefinition>(
      [&](auto done) { stores.definitions->set_overrides("Unknown", overrides, std::move(done)); }));
  EXPECT_EQ(actions(find({}).entries), Actions{"action 1"});
}

TEST_P(AuditTrailTest, AnOverrideAndItsNoteAreWrittenTogether) {
  StoredDefinition definition{.id = object_id(5), .class_name = "C", .event_name = "e", .module_name = "m"};
  definition.updated_at = at_second(1);
  ASSERT_TRUE(await<std::vector<StoredDefinition>>(
      [&](auto done) { stores.definitions->upsert({definition}, std::move(done)); }));
  DefinitionOverrides overrides{.cron = std::optional<std::string>("@daily"), .at = at_second(4)};
  overrides.audit = note(4);
  ASSERT_TRUE(
      await<StoredDefinition>([&](auto done) { stores.definitions->set_overrides("C", overrides, std::move(done)); }));
  EXPECT_EQ(actions(find({}).entries), Actions{"action 4"});
}

}  // namespace schedules::testing
