// Documents that cannot be used: none crashes anything, none goes without a trace, none holds the others up.
#include "mongo/bson.h"
#include "tests/conformance/mongo_fixture.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;
using mongo::Document;

struct Hostile {
  std::string name;
  std::string fields;  ///< beside those of a good one; the last of a key counts
  std::string says;    ///< in last_error
};

// One that can be used, but for `fields`.
std::string document_with(const Hostile& hostile) {
  std::string json = fmt::format(R"({{"name": "{}", )", hostile.name);
  for (const auto& [key, value] : {std::pair(R"("event_type")", R"("a")"),
                                   {R"("event_action")", R"("b")"},
                                   {R"("cron_expression")", R"("0 * * * *")"},
                                   {R"("status")", R"("active")"}}) {
    if (hostile.fields.find(key) == std::string::npos) json += fmt::format("{}: {}, ", key, value);
  }
  return json + hostile.fields + "}";
}

const std::vector<Hostile>& hostiles() {
  static const std::vector<Hostile> all{
      {"cron", R"("cron_expression": "every now and then")", "cron_expression"},
      {"cron type", R"("cron_expression": 5)", "cron_expression is an integer"},
      {"never", R"("cron_expression": "0 0 31 2 *")", "cron_expression"},
      {"two rules", R"("every_seconds": 5)", "only one of"},
      {"no rule", R"("cron_expression": null)", "is required"},
      {"zone", R"("timezone": "Mars/Olympus")", "timezone"},
      {"type", R"("event_type": {"a": 1})", "event_type is a document"},
      {"action null", R"("event_action": null)", "event_action is missing"},
      {"empty type", R"("event_type": "")", "event_type"},
      {"status", R"("status": "sleeping")", "status has the unknown value \"sleeping\""},
      {"status type", R"("status": 7)", "status is an integer"},
      {"overlap", R"("overlap": "both")", "overlap has the unknown value"},
      {"payload list", R"("event_payload": [1, 2])", "event_payload is an array"},
      {"payload text", R"("event_payload": "{'a': 1}")", "event_payload is a string"},
      {"payload decimal", R"("event_payload": {"price": {"$numberDecimal": "1.5"}})",
       "event_payload has a decimal at \"price\""},
      {"headers", R"("event_headers": {"x": {"y": 1}})", "event_headers"},
      {"tags", R"("tags": "one")", "tags is a string"},
      {"tags inside", R"("tags": ["one", 2])", "tags has an integer in it"},
      {"retries", R"("max_retries": "three")", "max_retries is a string"},
      {"retries below", R"("max_retries": -1)", "max_retries is -1"},
      {"retries huge", R"("max_retries": {"$numberLong": "9223372036854775807"})", "max_retries"},
      {"retries part", R"("max_retries": 2.5)", "max_retries is a double"},
      {"priority", R"("priority": 100)", "priority"},
      {"rate", R"("catch_up_rate": {"$numberDouble": "NaN"})", "catch_up_rate"},
      {"jitter", R"("jitter_seconds": {"$numberDouble": "Infinity"})", "jitter_seconds"},
      {"date text", R"("start_at": "tomorrow")", "start_at is \"tomorrow\""},
      {"date far", R"("end_at": {"$date": {"$numberLong": "9223372036854775807"}})", "end_at is not between"},
      {"date number", R"("created_at": 12345)", "created_at is an integer"},
      {"count", R"("execution_count": "many")", "execution_count is a string"},
      {"target", R"("target": {"type": "carrier pigeon"})", "target"},
      {"target url", R"("target": {"type": "webhook"})", "target.url"},
      {"long name in topic", fmt::format(R"("topic": "{}")", std::string(300, 't')), "topic"},
  };
  return all;
}

class MongoHostileTest : public MongoStoreTest {
 protected:
  void expect_refused(const Schedule& schedule, const std::string& says) {
    EXPECT_EQ(schedule.status, ScheduleStatus::disabled) << schedule.name;
    ASSERT_TRUE(schedule.last_error) << schedule.name;
    EXPECT_TRUE(schedule.last_error->starts_with("not usable: ")) << *schedule.last_error;
    EXPECT_NE(schedule.last_error->find(says), std::string::npos) << schedule.name << ": " << *schedule.last_error;
    EXPECT_EQ(schedule.next_execution, std::nullopt) << schedule.name;
  }
};

TEST_F(MongoHostileTest, EachIsListedAsDisabledWithItsReasonAndTheOthersGoOn) {
  const auto good = planned(1);
  settle();
  for (const auto& hostile : hostiles()) database.insert(kSchedules, document_with(hostile));
  EXPECT_EQ(take_over(), hostiles().size());
  EXPECT_EQ(store->take_over_figures().refused, hostiles().size());
  for (const auto& hostile : hostiles()) expect_refused(named(hostile.name), hostile.says);
  EXPECT_EQ(find({.status = ScheduleStatus::disabled, .limit = 1000}).size(), hostiles().size());
  EXPECT_EQ(find({.status = ScheduleStatus::active}).size(), 1U);
  EXPECT_EQ(due_names(clock.wall() + 24h), std::vector{good.name});
  // Once is enough: the next look changes nothing and says nothing.
  EXPECT_EQ(take_over(), 0U);
  EXPECT_EQ(store->take_over_figures().refused, hostiles().size());
}

TEST_F(MongoHostileTest, NothingOfTheirsIsOverwritten) {
  settle();
  for (const auto& hostile : hostiles()) {
    database.insert(kSchedules, document_with(hostile));
    const auto matching = database.find(kSchedules, fmt::format(R"({{"name": "{}"}})", hostile.name));
    take_over();
    const auto after = database.find(kSchedules, fmt::format(R"({{"name": "{}"}})", hostile.name));
    // The document as it was is the beginning of what it is: ours comes behind.
    const auto theirs = matching.substr(0, matching.size() - 2);
    EXPECT_EQ(after.substr(0, theirs.size()), theirs);
    EXPECT_NE(after.find(R"("last_error" : "not usable: )"), std::string::npos) << after;
  }
}

TEST_F(MongoHostileTest, OneThatIsMendedGoesOnByItself) {
  settle();
  database.insert(kSchedules, document_with({"cron", R"("cron_expression": "nonsense")", ""}));
  database.insert(kSchedules, document_with({"zone", R"("timezone": 5)", ""}));
  take_over();
  const auto refused = named("cron");
  EXPECT_EQ(revision(refused.id)->status, ScheduleStatus::disabled);
  ASSERT_EQ(edit(refused.id, R"({"cron_expression": "0 * * * *"})"), 1);
  ASSERT_EQ(edit(named("zone").id, R"({"timezone": "UTC"})"), 1);
  EXPECT_EQ(take_over(), 2U);
  for (const auto* name : {"cron", "zone"}) {
    const auto mended = named(name);
    EXPECT_EQ(mended.status, ScheduleStatus::active);
    EXPECT_EQ(mended.last_error, std::nullopt);
    EXPECT_EQ(mended.next_execution, clock.wall() + 1h);
  }
  EXPECT_GT(named("cron").revision, refused.revision);
  EXPECT_EQ(store->take_over_figures().refused, 0U);
}

TEST_F(MongoHostileTest, OneThatIsMendedThroughTheApiGoesOn) {
  settle();
  database.insert(kSchedules, document_with({"cron", R"("cron_expression": "nonsense")", ""}));
  take_over();
  auto schedule = named("cron");
  schedule.cron_expression = "0 * * * *";
  schedule.status = ScheduleStatus::active;
  ASSERT_TRUE(engine_replan(schedule, ForeignEdit::rule, clock.wall()));
  const auto updated = update(schedule);
  ASSERT_TRUE(updated) << updated.error().detail;
  EXPECT_EQ(updated->last_error, std::nullopt);
  EXPECT_EQ(named("cron").status, ScheduleStatus::active);
  EXPECT_EQ(take_over(), 0U);
}

TEST_F(MongoHostileTest, AGoodOneThatIsSpoiltStopsAndSaysWhy) {
  const auto schedule = planned(1);
  settle();
  ASSERT_EQ(edit(schedule.id, R"({"cron_expression": ["0 * * * *"]})"), 1);
  EXPECT_TRUE(due_names(clock.wall() + 24h).empty());
  expect_refused(*get(schedule.id), "cron_expression is an array");
  EXPECT_GT(revision(schedule.id)->revision, schedule.revision) << "what was planned before must not fire";
}

TEST_F(MongoHostileTest, AnIdThatIsNoneIsShownUnderAnother) {
  settle();
  for (const auto* id : {R"(5)", R"("text")", R"({"a": 1})", R"({"$date": "2026-01-01T00:00:00Z"})"}) {
    database.insert(kSchedules,
                    fmt::format(R"({{"_id": {}, "name": {}, "event_type": "a", "event_action": "b"}})", id,
                                std::string(id).find('"') == 0 ? id : fmt::format(R"("of {}")", std::strlen(id))));
  }
  EXPECT_EQ(take_over(), 4U);
  EXPECT_EQ(take_over(), 0U);
  const auto all = find({.limit = 1000});
  ASSERT_EQ(all.size(), 4U);
  for (const auto& schedule : all) {
    expect_refused(schedule, "not an ObjectId");
    EXPECT_EQ(get(schedule.id)->name, schedule.name);
    EXPECT_TRUE(await<bool>([&](auto done) { store->remove(schedule.id, nullptr, std::move(done)); }).value());
  }
  EXPECT_EQ(database.count(kSchedules), 0);
}

TEST_F(MongoHostileTest, ARevisionThatIsNoneIsReplaced) {
  settle();
  for (const auto* wrong : {R"("seven")", "-5", "2.5", "null", "[1]", R"({"$numberLong": "-1"})", "true"}) {
    database.insert(
        kSchedules,
        document_with({fmt::format("of {}", std::strlen(wrong) * 100 + static_cast<unsigned char>(wrong[0])),
                       fmt::format(R"("revision": {}, "bookkeeping": "none", "counted": 1)", wrong), ""}));
  }
  EXPECT_EQ(take_over(), 7U);
  EXPECT_EQ(take_over(), 0U);
  for (const auto& schedule : find({.limit = 1000})) {
    EXPECT_EQ(schedule.status, ScheduleStatus::active) << schedule.name << " " << schedule.last_error.value_or("");
    ASSERT_TRUE(note({{schedule.id, clock.wall(), RunStatus::success, ""}}));
    EXPECT_EQ(get(schedule.id)->execution_count, 1U);
  }
}

TEST_F(MongoHostileTest, BytesThatAreNoTextAreRefused) {
  settle();
  int number = 0;
  for (const std::string bad : {"\xFF\xFE", "\xC3", "\xED\xA0\x80", "caf\xE9"}) {
    Document inner{{"x", std::string_view(bad)}};
    const auto name = fmt::format("text {}", number++);
    Document document{{"name", name}, {"event_type", "a"}, {"event_action", "b"}, {"cron_expression", "0 * * * *"}};
    if (number % 2 == 0) document.add("event_payload", inner);
    if (number % 2 == 1) document.add("description", std::string_view(bad));
    database.insert_bytes(kSchedules, document.bytes());
  }
  take_over();
  for (int i = 0; i < number; ++i) {
    const auto schedule = named(fmt::format("text {}", i));
    EXPECT_TRUE(schedule.name.starts_with("text"));
  }
}

TEST_F(MongoHostileTest, DeepNestingAndLargeBodiesAreRefused) {
  settle();
  Document deep{{"leaf", 1}};
  for (int level = 0; level < 90; ++level) deep = Document{{"d", deep}};
  Document large{{"text", std::string(2U << 20U, 'x')}};
  Document list;
  mongo::Array many;
  for (int i = 0; i < 300'000; ++i) many.add(Document{});
  list.add("many", many);
  for (const auto& [name, payload] : {std::pair("deep", deep), {"large", large}, {"many", list}}) {
    database.insert_bytes(kSchedules, Document{{"name", name},
                                               {"event_type", "a"},
                                               {"event_action", "b"},
                                               {"cron_expression", "0 * * * *"},
                                               {"event_payload", payload}}
                                          .bytes());
  }
  const auto good = planned(1);
  EXPECT_EQ(take_over(), 2U + 1U);
  expect_refused(named("deep"), "levels deep");
  expect_refused(named("large"), "more than 1048576 bytes");
  EXPECT_EQ(named("many").status, ScheduleStatus::active) << "900 kB of it";
  EXPECT_EQ(get(good.id)->status, ScheduleStatus::active);
}

TEST_F(MongoHostileTest, NamesAreGuardedWhereTheIndexCannotBeMade) {
  // Two of one name are there before we come.
  for (int i = 0; i < 2; ++i) database.insert(kSchedules, document_with({"twin", R"("tags": [])", ""}));
  settle();
  EXPECT_EQ(find({.limit = 10}).size(), 2U) << "both go on";
  auto third = plain_schedule(3);
  third.name = "twin";
  const auto refused = create(third);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::already_exists);
  EXPECT_EQ(refused.error().field, "name");
  EXPECT_TRUE(create(plain_schedule(4)));
}

TEST_F(MongoHostileTest, AFaultyDefinitionIsDisabledAndSaysWhy) {
  settle();
  database.insert("scheduled_event_definitions", R"({"event_class_name": "A", "event_name": "a.b", "entity_type": "a",
      "action": "b", "module_name": "m", "cron_expression": 5, "manual_status_override": "active"})");
  database.insert("scheduled_event_definitions", R"({"event_class_name": "B", "event_name": "c.d", "entity_type": "c",
      "action": "d", "module_name": "m", "cron_expression": "@daily", "payload": {"x": 1}, "manual_cron_override": "@hourly"})");
  const auto all = await<std::vector<StoredDefinition>>([&](auto done) { store->list("", std::move(done)); });
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->at(0).status, DefinitionStatus::disabled);
  EXPECT_EQ(all->at(0).manual_status, DefinitionStatus::disabled);
  EXPECT_NE(all->at(0).last_error.value_or("").find("cron_expression is an integer"), std::string::npos);
  EXPECT_EQ(all->at(1).status, DefinitionStatus::active);
  EXPECT_EQ(all->at(1).manual_cron, "@hourly");
  EXPECT_EQ(all->at(1).payload, R"({"x":1})");
}

TEST_F(MongoHostileTest, AForeignDeadLetterDoesNotHideTheOthers) {
  ASSERT_TRUE(await<void>([&](auto done) { store->bury({full_letter(1), full_letter(2)}, std::move(done)); }));
  database.insert("schedules_dead_letters",
                  R"({"_id": "x", "died_us": {"$numberLong": "9000000000000000"}, "record": "none"})");
  const auto page = await<DeadLetterPage>([&](auto done) { store->find_letters({}, std::move(done)); });
  ASSERT_TRUE(page) << page.error().detail;
  EXPECT_EQ(page->letters.size(), 2U);
}

}  // namespace
}  // namespace schedules::testing
