#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {
namespace {

const TimePoint kNow = from_micros(1'767'600'000'123'456);
const TimePoint kLater = kNow + std::chrono::hours(1);

StoredDefinition sample(const std::string& name, const std::string& module_name = "billing") {
  StoredDefinition one;
  one.class_name = name + "Class";
  one.event_name = name;
  one.module_name = module_name;
  one.entity_type = "invoice";
  one.action = "send \"é\"";
  one.cron_expression = "0 0 1 * *";
  one.timezone = "Europe/London";
  one.description = "each month";
  one.payload = R"({"a":[1,{"b":null}]})";
  one.actor_type = "service";
  one.actor_id = "me";
  one.max_retries = 7;
  one.retry_delay = std::chrono::seconds(90);
  one.declared = R"({"name":"x"})";
  one.schedule_id = "0123456789abcdef01234567";
  one.last_error = "why not";
  one.last_sync_at = kNow;
  one.updated_at = kNow;
  return one;
}

}  // namespace

using Names = std::vector<std::string>;

Names names_of(const std::vector<StoredDefinition>& definitions) {
  Names out;
  for (const auto& one : definitions) out.push_back(one.event_name);
  return out;
}

TEST_P(DefinitionStoreTest, ADefinitionComesBackWhole) {
  const auto given = sample("invoice.send");
  ASSERT_TRUE(upsert({given}));
  const auto stored = get("invoice.send");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->id.size(), 24U);
  EXPECT_EQ(stored->class_name, given.class_name);
  EXPECT_EQ(stored->module_name, given.module_name);
  EXPECT_EQ(stored->entity_type, given.entity_type);
  EXPECT_EQ(stored->action, given.action);
  EXPECT_EQ(stored->cron_expression, given.cron_expression);
  EXPECT_EQ(stored->timezone, given.timezone);
  EXPECT_EQ(stored->description, given.description);
  EXPECT_EQ(stored->payload, given.payload);
  EXPECT_EQ(stored->actor_type, given.actor_type);
  EXPECT_EQ(stored->actor_id, given.actor_id);
  EXPECT_EQ(stored->max_retries, 7U);
  EXPECT_EQ(stored->retry_delay, std::chrono::seconds(90));
  EXPECT_EQ(stored->declared, given.declared);
  EXPECT_EQ(stored->schedule_id, given.schedule_id);
  EXPECT_EQ(stored->last_error, "why not");
  EXPECT_EQ(stored->status, DefinitionStatus::active);
  EXPECT_EQ(stored->last_sync_at, kNow);
  EXPECT_EQ(stored->created_at, kNow);
  EXPECT_EQ(stored->updated_at, kNow);
  EXPECT_EQ(stored->manual_cron, std::nullopt);
}

TEST_P(DefinitionStoreTest, BothNamesFindIt) {
  ASSERT_TRUE(upsert({sample("a.b")}));
  EXPECT_TRUE(get("a.b"));
  EXPECT_TRUE(get("a.bClass"));
  EXPECT_FALSE(get("a"));
}

TEST_P(DefinitionStoreTest, AgainReplacesAndKeepsIdAndOverrides) {
  const auto id = upsert({sample("a.b")})->at(0).id;
  ASSERT_TRUE(set("a.b", {.payload = "{}", .cron = "@daily", .status = DefinitionStatus::draft, .at = kNow}));
  auto next = sample("a.b");
  next.cron_expression = "@hourly";
  next.description.reset();
  next.last_error.reset();
  next.status = DefinitionStatus::disabled;
  next.updated_at = kLater;
  const auto answered = upsert({next});
  ASSERT_TRUE(answered);
  const auto stored = *get("a.b");
  EXPECT_EQ(stored.id, id);
  EXPECT_EQ(stored.cron_expression, "@hourly");
  EXPECT_EQ(stored.description, std::nullopt);
  EXPECT_EQ(stored.last_error, std::nullopt);
  EXPECT_EQ(stored.status, DefinitionStatus::disabled);
  EXPECT_EQ(stored.manual_payload, "{}");
  EXPECT_EQ(stored.manual_cron, "@daily");
  EXPECT_EQ(stored.manual_status, DefinitionStatus::draft);
  EXPECT_EQ(stored.created_at, kNow);
  EXPECT_EQ(stored.updated_at, kLater);
  EXPECT_EQ(answered->at(0).manual_cron, "@daily");
}

TEST_P(DefinitionStoreTest, TheSameAgainOnlyMovesTheTimeOfTheSync) {
  ASSERT_TRUE(upsert({sample("a.b")}));
  auto again = sample("a.b");
  again.last_sync_at = again.updated_at = kLater;
  ASSERT_TRUE(upsert({again}));
  EXPECT_EQ(get("a.b")->last_sync_at, kLater);
  EXPECT_EQ(get("a.b")->updated_at, kNow);
}

TEST_P(DefinitionStoreTest, AnEventNameBelongsToOneClass) {
  ASSERT_TRUE(upsert({sample("a.b")}));
  auto other = sample("a.b");
  other.class_name = "Other";
  const auto refused = upsert({sample("c.d"), other});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::already_exists);
  EXPECT_EQ(names_of(list()), Names{"a.b"}) << "nothing of it is written";
}

TEST_P(DefinitionStoreTest, TwoClassesMaySwapTheirNames) {
  ASSERT_TRUE(upsert({sample("a.b"), sample("c.d")}));
  auto one = sample("a.b");
  auto other = sample("c.d");
  std::swap(one.event_name, other.event_name);
  ASSERT_TRUE(upsert({one, other}));
  EXPECT_EQ(get("c.d")->class_name, "a.bClass");
}

TEST_P(DefinitionStoreTest, ListsByEventNameOfOneModuleOrAll) {
  ASSERT_TRUE(upsert({sample("c"), sample("a"), sample("b", "shop")}));
  EXPECT_EQ(names_of(list()), (Names{"a", "b", "c"}));
  EXPECT_EQ(names_of(list("billing")), (Names{"a", "c"}));
  EXPECT_EQ(names_of(list("nobody")), Names{});
}

TEST_P(DefinitionStoreTest, OverridesAreSetClearedAndLeft) {
  ASSERT_TRUE(upsert({sample("a.b")}));
  ASSERT_TRUE(set("a.bClass", {.payload = {}, .cron = "@daily", .status = DefinitionStatus::disabled, .at = kLater}));
  const auto changed = set("a.b", {.payload = {}, .cron = std::optional<std::string>(), .status = {}, .at = kLater});
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->manual_cron, std::nullopt);
  EXPECT_EQ(changed->manual_status, DefinitionStatus::disabled);
  EXPECT_EQ(get("a.b")->updated_at, kLater);
  EXPECT_EQ(set("nobody", {}).error().code, Code::not_found);
}

TEST_P(DefinitionStoreTest, DropTellsWhetherItWasThere) {
  ASSERT_TRUE(upsert({sample("a.b")}));
  EXPECT_TRUE(drop("a.bClass"));
  EXPECT_FALSE(drop("a.bClass"));
  EXPECT_FALSE(get("a.b"));
  EXPECT_TRUE(upsert({sample("a.b")}));
}

}  // namespace schedules::testing
