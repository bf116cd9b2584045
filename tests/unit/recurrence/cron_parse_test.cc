#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "recurrence/cron.h"
#include "recurrence/cron_text.h"

namespace schedules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Refusal {
  const char* text;
  const char* field;
  int column;
  const char* says;
};

class CronRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(CronRefusal, NamesFieldAndColumn) {
  const auto& want = GetParam();
  const auto cron = Cron::parse(want.text);
  ASSERT_FALSE(cron) << want.text;
  EXPECT_EQ(cron.error().code, Code::invalid_cron);
  EXPECT_EQ(cron.error().field, want.field) << want.text << ": " << cron.error().detail;
  EXPECT_EQ(cron.error().column, want.column) << want.text << ": " << cron.error().detail;
  EXPECT_THAT(cron.error().detail, HasSubstr(want.says)) << want.text;
}

INSTANTIATE_TEST_SUITE_P(Shape, CronRefusal,
                         testing::Values(Refusal{"", "expression", 0, "empty"},
                                         Refusal{"   ", "expression", 0, "empty"},
                                         Refusal{"* * * *", "expression", 7, "at least 5 fields"},
                                         Refusal{"0 0 0 * * * * x", "expression", 14, "at most 7"},
                                         Refusal{"* * *\x01 * *", "expression", 5, "ASCII"},
                                         Refusal{"\xC3\xA4 * * * *", "expression", 0, "ASCII"},
                                         Refusal{"@reboot", "expression", 0, "restarts"},
                                         Refusal{" @REBOOT", "expression", 1, "restarts"},
                                         Refusal{"@dayly", "expression", 0, "did you mean @daily?"},
                                         Refusal{"@nonsense", "expression", 0, "not known"},
                                         Refusal{"@daily 5", "expression", 7, "nothing may follow"},
                                         Refusal{"@every 90s", "expression", 0, "duration"}));

INSTANTIATE_TEST_SUITE_P(
    Values, CronRefusal,
    testing::Values(Refusal{"60 * * * *", "minute", 0, "0 to 59"}, Refusal{"  * 24 * * *", "hour", 4, "0 to 23"},
                    Refusal{"* * 0 * *", "day_of_month", 4, "1 to 31"},
                    Refusal{"* * 32 * *", "day_of_month", 4, "1 to 31"}, Refusal{"* * * 13 *", "month", 6, "1 to 12"},
                    Refusal{"* * * 0 *", "month", 6, "1 to 12"}, Refusal{"* * * * 8", "day_of_week", 8, "0 to 7"},
                    Refusal{"61 * * * * *", "second", 0, "0 to 59"},
                    Refusal{"0 0 0 1 1 * 1969", "year", 12, "1970 to 2200"},
                    Refusal{"0 0 0 1 1 * 2030-2026", "year", 16, "wrong order"},
                    Refusal{"1,2,60 * * * *", "minute", 4, "0 to 59"}, Refusal{"1-60 * * * *", "minute", 2, "0 to 59"},
                    Refusal{"99999999999999999999 * * * *", "minute", 0, "too large"}));

INSTANTIATE_TEST_SUITE_P(
    Syntax, CronRefusal,
    testing::Values(Refusal{"x * * * *", "minute", 0, "\"x\""}, Refusal{"1x * * * *", "minute", 1, "\"x\""},
                    Refusal{"1,,2 * * * *", "minute", 2, "missing"}, Refusal{"1, * * * *", "minute", 2, "missing"},
                    Refusal{", * * * *", "minute", 0, "missing"}, Refusal{"-5 * * * *", "minute", 0, "\"-5\""},
                    Refusal{"5- * * * *", "minute", 2, "missing"}, Refusal{"*/0 * * * *", "minute", 2, "step of 0"},
                    Refusal{"*/ * * * *", "minute", 2, "missing"}, Refusal{"*/x * * * *", "minute", 2, "\"x\""},
                    Refusal{"/5 * * * *", "minute", 0, "\"/5\""}, Refusal{"1-10/2/3 * * * *", "minute", 6, "\"/3\""},
                    Refusal{"1|2 * * * *", "minute", 1, "\"|2\""}, Refusal{"*5 * * * *", "minute", 1, "\"5\""},
                    Refusal{"? * * * *", "minute", 0, "day fields"}, Refusal{"* * ?/2 * *", "day_of_month", 5, "alone"},
                    Refusal{"1.5 * * * *", "minute", 1, "\".5\""}));

INSTANTIATE_TEST_SUITE_P(Names, CronRefusal,
                         testing::Values(Refusal{"* * * FOO *", "month", 6, "JAN to DEC"},
                                         Refusal{"* * * JAM *", "month", 6, "did you mean JAN?"},
                                         Refusal{"* * * * MONDAY", "day_of_week", 11, "\"DAY\""},
                                         Refusal{"* * * * JAN", "day_of_week", 8, "SUN to SAT"},
                                         Refusal{"MON * * * *", "minute", 0, "\"MON\""},
                                         Refusal{"* * MON * *", "day_of_month", 4, "\"MON\""}));

INSTANTIATE_TEST_SUITE_P(
    Specials, CronRefusal,
    testing::Values(
        Refusal{"L * * * *", "minute", 0, "\"L\""}, Refusal{"* * L-31 * *", "day_of_month", 6, "31 days before"},
        Refusal{"* * L- * *", "day_of_month", 6, "missing"}, Refusal{"* * 15WW * *", "day_of_month", 7, "\"W\""},
        Refusal{"* * 0W * *", "day_of_month", 4, "1 to 31"}, Refusal{"* * W * *", "day_of_month", 4, "\"W\""},
        Refusal{"* * 5L * *", "day_of_month", 5, "\"L\""}, Refusal{"* * L5 * *", "day_of_month", 5, "\"5\""},
        Refusal{"* * * * 1#0", "day_of_week", 10, "first to a fifth"},
        Refusal{"* * * * 1#6", "day_of_week", 10, "first to a fifth MON"},
        Refusal{"* * * * 1#", "day_of_week", 10, "missing"}, Refusal{"* * * * #1", "day_of_week", 8, "\"#1\""},
        Refusal{"* * 1#1 * *", "day_of_month", 5, "\"#1\""}, Refusal{"* * * * 5W", "day_of_week", 9, "\"W\""},
        Refusal{"* * * * 8L", "day_of_week", 8, "0 to 7"}, Refusal{"H(5-70) * * * *", "minute", 4, "0 to 59"},
        Refusal{"H(9-5) * * * *", "minute", 0, "wrong order"}, Refusal{"H(5 * * * *", "minute", 3, "range"},
        Refusal{"H(1-2 * * * *", "minute", 5, "closed"}, Refusal{"H/0 * * * *", "minute", 2, "step of 0"},
        Refusal{"0 0 0 1 1 * H", "year", 12, "year"}));

TEST(CronParse, TooLongIsRefused) {
  const auto cron = Cron::parse(std::string(kLongestCron + 1, '*'));
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().field, "expression");
  EXPECT_EQ(cron.error().column, static_cast<int>(kLongestCron));
}

TEST(CronParse, LongestListIsRead) {
  std::string list = "0";
  while (list.size() + 12 < kLongestCron) list += ",59";
  EXPECT_TRUE(Cron::parse(list + " * * * *"));
}

TEST(CronParse, ImpossibleDatesNeverFire) {
  for (const auto* text : {"0 0 31 2 *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31W 2 *", "0 0 L-30 2 *"}) {
    const auto cron = Cron::parse(text);
    ASSERT_FALSE(cron) << text;
    EXPECT_EQ(cron.error().code, Code::never_fires) << text;
    EXPECT_EQ(cron.error().field, "day_of_month") << text;
    EXPECT_EQ(cron.error().column, 4) << text;
  }
}

TEST(CronParse, ADayThatNoGivenYearHasNeverFires) {
  const auto cron = Cron::parse("0 0 0 29 2 * 2025-2027");
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().code, Code::never_fires);
  EXPECT_EQ(cron.error().field, "year");
  EXPECT_EQ(cron.error().column, 13);
  EXPECT_TRUE(Cron::parse("0 0 0 29 2 * 2025-2028"));
}

TEST(CronParse, ImpossibleDateWithAWeekdayMeansTheWeekday) { EXPECT_TRUE(Cron::parse("0 0 31 2 1")); }

TEST(CronParse, SecondsLastChangesTheFieldsNamed) {
  const CronOptions last{.seconds = SecondsPosition::last, .hash_seed = {}};
  auto cron = Cron::parse("* * * * * 60", last);
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().field, "second");
  EXPECT_EQ(cron.error().column, 10);
  cron = Cron::parse("60 * * * * 0", last);
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().field, "minute");
  cron = Cron::parse("0 0 1 1 * 30 1969", last);
  ASSERT_FALSE(cron);
  EXPECT_EQ(cron.error().field, "year");
}

TEST(CronParse, MinuteOrHourWithStarRunsOnElapsedTime) {
  for (const auto* text :
       {"* * * * *", "*/5 2 * * *", "0 * * * *", "0 */2 * * *", "*/15,7 2 * * *", "H/15 2 * * *", "@hourly"}) {
    EXPECT_TRUE(Cron::parse(text)->elapsed()) << text;
  }
  for (const auto* text : {"0 2 * * *", "0-59 2 * * *", "0/15 2 * * *", "0 0-23 * * *", "H H * * *",
                           "H(0-29)/10 2 * * *", "* 0 2 * * *", "@daily", "7,*/15 2 * * *", "5,H/15 2 * * *"}) {
    EXPECT_FALSE(Cron::parse(text)->elapsed()) << text;
  }
}

std::vector<std::string> notes_of(std::string_view text) { return cron_notes(text, {}); }

TEST(CronNotes, PlainExpressionsHaveNone) {
  for (const auto* text :
       {"0 9 * * 1-5", "*/5 * * * *", "0 0 1 * *", "0 0 ? * MON", "0 0 31 12 *", "@daily", "rubbish"}) {
    EXPECT_THAT(notes_of(text), IsEmpty()) << text;
  }
}

TEST(CronNotes, SayHowDayFieldsCombine) {
  EXPECT_THAT(notes_of("0 0 13 * 5"), ElementsAre(HasSubstr("either one fires")));
  EXPECT_THAT(notes_of("0 0 */10 * 1"), ElementsAre(HasSubstr("both")));
  EXPECT_THAT(notes_of("0 0 1 * */2"), ElementsAre(HasSubstr("day_of_week \"*/2\" begins with *")));
}

TEST(CronNotes, WarnOfWhatDoesNotFit) {
  EXPECT_THAT(notes_of("*/90 * * * *"), ElementsAre(HasSubstr("@every 90m")));
  EXPECT_THAT(notes_of("0 0 31 * *"), ElementsAre(HasSubstr("months without a day 31")));
  EXPECT_THAT(notes_of("0 0 * * L"), ElementsAre(HasSubstr("Saturday")));
}

}  // namespace
}  // namespace schedules
