#include "ingest/kafka/dead_letter.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "tests/unit/kafka/delayed_records.h"

namespace schedules {
namespace {

using testing::delayed_record;

kafka::RecordHeaders with_reason(kafka::RecordHeaders headers, const std::string& reason, const std::string& detail) {
  headers.emplace_back("dead_letter_reason", reason);
  headers.emplace_back("dead_letter_detail", detail);
  headers.emplace_back("dead_letter_source", "stufio.events.delayed/2/5");
  return headers;
}

TEST(DeadLetter, KeepsTheRecordAndSaysWhy) {
  auto record = delayed_record();
  record.value = std::string("\xff\0{", 3);
  record.headers.emplace_back("odd", std::nullopt);
  const Error why{.code = Code::invalid_utf8, .detail = "is not valid UTF-8", .field = "value"};
  const auto letter = dead_letter(record, why, "dead", true);
  EXPECT_EQ(letter.topic, "dead");
  EXPECT_EQ(letter.key, record.key);
  EXPECT_EQ(letter.value, record.value);
  EXPECT_EQ(letter.headers, with_reason(record.headers, "invalid_utf8", "value: is not valid UTF-8"));
}

TEST(DeadLetter, ASecondDeathReplacesTheReasonOfTheFirst) {
  const auto record = delayed_record();
  auto again = record;
  again.headers = with_reason(record.headers, "invalid_time", "first");
  const auto letter = dead_letter(again, {.code = Code::too_long, .detail = "second"}, "dead", true);
  EXPECT_EQ(letter.headers, with_reason(record.headers, "too_long", "second"));
}

TEST(DeadLetter, OneThatIsTooLargeNamesItsSource) {
  const auto letter = dead_letter(delayed_record(), {.code = Code::too_long, .detail = "big"}, "dead", false);
  EXPECT_EQ(letter.value, std::nullopt);
  auto expected = with_reason({}, "too_long", "big");
  expected.emplace_back("dead_letter_omitted", "value");
  EXPECT_EQ(letter.headers, expected);
}

TEST(DeadLetter, ALongDetailIsCutAtACharacter) {
  std::string detail;
  for (int i = 0; i < 2'000; ++i) detail += "ü";
  const auto letter = dead_letter(delayed_record(), {.code = Code::too_long, .detail = detail}, "dead", true);
  const auto& cut = letter.headers.at(letter.headers.size() - 2).second;
  EXPECT_LE(cut->size(), 1'024U);
  EXPECT_TRUE(is_valid_utf8(*cut));
}

}  // namespace
}  // namespace schedules
