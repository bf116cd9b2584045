#include "cli/schedule_fields.h"

#include <set>

#include <gmock/gmock.h>
#include <boost/json.hpp>

namespace schedules::cli {
namespace {

namespace json = boost::json;

std::string body_of(const FieldFlags& flags) {
  const auto body = schedule_body(flags);
  return body ? json::serialize(*body) : std::string(to_string(body.error().code)) + " " + body.error().field;
}

TEST(ScheduleFields, NamesAndFlagsAreUniqueAndDefaultsAreJson) {
  std::set<std::string_view> names;
  std::set<std::string_view> flags;
  for (const auto& field : schedule_fields()) {
    EXPECT_TRUE(names.insert(field.name).second) << field.name;
    EXPECT_TRUE(flags.insert(field.flag).second) << field.flag;
    EXPECT_FALSE(field.meaning.empty()) << field.name;
    boost::system::error_code bad;
    json::parse(field.fallback, bad);
    EXPECT_FALSE(bad) << field.name;
  }
}

TEST(ScheduleFields, FlagsBecomeTheBody) {
  EXPECT_EQ(body_of({{"name", {"n"}}, {"max_retries", {"5"}}, {"retry_delay_seconds", {"2m"}}}),
            R"({"max_retries":5,"name":"n","retry_delay_seconds":120})");
  EXPECT_EQ(body_of({{"event_payload", {R"({"a":1})"}}, {"event_headers", {"a=b", "c=d=e"}}, {"tags", {"x", "y"}}}),
            R"({"event_headers":{"a":"b","c":"d=e"},"event_payload":{"a":1},"tags":["x","y"]})");
}

TEST(ScheduleFields, TimeMeansOneTime) {
  EXPECT_EQ(body_of({{"execution_time", {"2030-01-01T00:00:00Z"}}}),
            R"({"execution_time":"2030-01-01T00:00:00.000000Z","one_time":true})");
}

TEST(ScheduleFields, BadFlagIsNamed) {
  EXPECT_EQ(body_of({{"max_retries", {"many"}}}), "invalid_argument --max-retries");
  EXPECT_EQ(body_of({{"every_seconds", {"often"}}}), "invalid_argument --every");
  EXPECT_EQ(body_of({{"execution_time", {"soon"}}}), "invalid_time --at");
  EXPECT_EQ(body_of({{"event_payload", {"[1]"}}}), "invalid_json --payload");
  EXPECT_EQ(body_of({{"event_headers", {"novalue"}}}), "invalid_argument --header");
}

TEST(ScheduleFields, SameTimeInOtherFormIsTheSameValue) {
  const auto& time = *find_schedule_field("start_at");
  EXPECT_TRUE(same_value(time, "2030-01-01T00:00:00Z", "2030-01-01T01:00:00.000+01:00"));
  EXPECT_FALSE(same_value(time, "2030-01-01T00:00:00Z", nullptr));
  const auto& text = *find_schedule_field("topic");
  EXPECT_TRUE(same_value(text, nullptr, ""));
  EXPECT_FALSE(same_value(text, "a", "b"));
}

}  // namespace
}  // namespace schedules::cli
