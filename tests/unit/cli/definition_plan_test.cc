#include "cli/definition_plan.h"

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace schedules::cli {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Definition> declared(std::initializer_list<std::string> names, const std::string& extra = "") {
  std::string text = "owner: o\ndefinitions:\n";
  for (const auto& name : names) {
    text += fmt::format("- {{name: {}, cron_expression: '@daily', event_type: t, event_action: a{}}}\n", name, extra);
  }
  return *parse_definitions(text, "f", "");
}

// As the server shows a schedule.
json::object stored(std::string_view name, std::string_view owner = "o", std::string_view status = "active") {
  auto out = json::parse(declared({std::string(name)}).front().body).as_object();
  out["id"] = "id-" + std::string(name);
  out["owner"] = owner.empty() ? json::value() : json::value(owner);
  out["status"] = status;
  out["next_execution"] = "2030-01-01T00:00:00Z";
  return out;
}

Plan plan_of(const std::vector<Definition>& definitions, const json::array& schedules, PlanOptions options = {}) {
  auto plan = make_plan(definitions, {}, schedules, options);
  EXPECT_TRUE(plan) << plan.error().detail;
  return plan ? std::move(*plan) : Plan{};
}

TEST(DefinitionPlan, MissingOneIsCreatedWithAllItsFields) {
  const auto plan = plan_of(declared({"a"}), {});
  ASSERT_THAT(plan.items, SizeIs(1));
  EXPECT_EQ(plan.items[0].action, PlanAction::create);
  const auto request = json::parse(plan.items[0].request).as_object();
  EXPECT_EQ(request.at("name"), "a");
  EXPECT_EQ(request.at("owner"), "o");
  EXPECT_EQ(request.at("max_retries"), 3);
  EXPECT_FALSE(request.contains("description"));
}

TEST(DefinitionPlan, SameOneIsUnchanged) {
  const auto plan = plan_of(declared({"a"}), {stored("a")});
  EXPECT_EQ(plan.items[0].action, PlanAction::unchanged);
  EXPECT_FALSE(plan.changes_something());
}

TEST(DefinitionPlan, OtherFormsOfTheSameValueAreNoChange) {
  auto there = stored("a");
  there["max_retries"] = 3.0;
  there["event_headers"] = nullptr;
  there["description"] = "";
  there.erase("catch_up");
  EXPECT_EQ(plan_of(declared({"a"}), {there}).items[0].action, PlanAction::unchanged);
}

TEST(DefinitionPlan, ChangedFieldsAreSentAndNoOthers) {
  const auto plan = plan_of(declared({"a"}, ", max_retries: 7, payload: {k: 1}"), {stored("a")});
  ASSERT_EQ(plan.items[0].action, PlanAction::update);
  EXPECT_EQ(plan.items[0].id, "id-a");
  EXPECT_EQ(json::parse(plan.items[0].request), json::parse(R"({"event_payload":{"k":1},"max_retries":7})"));
  EXPECT_THAT(plan.items[0].changes, ElementsAre(HasSubstr("event_payload: null → {\"k\":1}"), "max_retries: 3 → 7"));
}

TEST(DefinitionPlan, RemovedFieldGoesBackToItsDefault) {
  auto there = stored("a");
  there["topic"] = "old";
  const auto plan = plan_of(declared({"a"}), {there});
  EXPECT_EQ(plan.items[0].request, R"({"topic":null})");
}

TEST(DefinitionPlan, OperatorsPauseSurvives) {
  const auto plan = plan_of(declared({"a"}, ", max_retries: 7"), {stored("a", "o", "paused")});
  EXPECT_EQ(plan.items[0].request, R"({"max_retries":7})");
  EXPECT_THAT(plan.items[0].note, HasSubstr("paused"));
  const auto disabled = plan_of(declared({"a"}), {stored("a", "o", "disabled")});
  EXPECT_EQ(disabled.items[0].action, PlanAction::unchanged);
  EXPECT_THAT(disabled.items[0].note, HasSubstr("stays disabled"));
}

TEST(DefinitionPlan, OrphanIsDisabledAndComesBackWithItsDefinition) {
  const auto plan = plan_of(declared({"a"}), {stored("a"), stored("b")});
  ASSERT_THAT(plan.items, SizeIs(2));
  EXPECT_EQ(plan.items[1].action, PlanAction::orphan);
  auto gone = stored("b", "o", "disabled");
  const auto request = json::parse(plan.items[1].request);
  for (const auto& [name, value] : request.as_object()) gone[name] = value;
  EXPECT_EQ(gone.at("status"), "disabled");
  EXPECT_FALSE(plan_of(declared({"a"}), {stored("a"), gone}).changes_something());
  const auto back = plan_of(declared({"b"}), {gone});
  EXPECT_EQ(back.items[0].action, PlanAction::update);
  EXPECT_EQ(json::parse(back.items[0].request).at("status"), "active");
}

TEST(DefinitionPlan, OthersSchedulesAreLeftAlone) {
  const auto plan = plan_of(declared({"a"}), {stored("a"), stored("b", "p"), stored("c", "")}, {.prune = true});
  EXPECT_THAT(plan.items, SizeIs(1));
}

TEST(DefinitionPlan, NameOfAnotherOwnerIsAConflict) {
  const auto plan = plan_of(declared({"a", "b"}), {stored("a", "p"), stored("b", "")});
  EXPECT_EQ(plan.count(PlanAction::conflict), 2U);
  EXPECT_THAT(plan.items[0].note, HasSubstr("taken by p"));
  EXPECT_THAT(plan.items[1].note, HasSubstr("by hand"));
}

TEST(DefinitionPlan, PruneOfMoreThanAFifthNeedsForce) {
  const json::array five{stored("a"), stored("b"), stored("c"), stored("d"), stored("e")};
  EXPECT_EQ(plan_of(declared({"a", "b", "c", "d"}), five, {.prune = true}).count(PlanAction::orphan), 1U);
  const auto refused = make_plan(declared({"a", "b", "c"}), {}, five, {.prune = true});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("2 of the 5"));
  EXPECT_EQ(plan_of(declared({"a", "b", "c"}), five, {.prune = true, .force = true}).count(PlanAction::orphan), 2U);
  EXPECT_EQ(plan_of(declared({"a"}), five).count(PlanAction::orphan), 4U);
}

TEST(DefinitionPlan, OwnerWithoutDefinitionsHasOrphansOnly) {
  const auto plan = make_plan({}, {"o"}, {stored("a")}, {});
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->count(PlanAction::orphan), 1U);
  EXPECT_THAT(make_plan({}, {}, {stored("a")}, {})->items, IsEmpty());
}

}  // namespace
}  // namespace schedules::cli
