#include "cli/crontab.h"

#include <gmock/gmock.h>

namespace schedules::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

Crontab crontab_of(std::string_view text, CrontabOptions options = {}) { return read_crontab(text, options); }

TEST(Crontab, LineBecomesAJob) {
  const auto crontab = crontab_of("# nightly\n\n 0 2 * * *\t/usr/local/bin/backup.sh --full  \n");
  ASSERT_THAT(crontab.jobs, SizeIs(1));
  EXPECT_EQ(crontab.jobs[0].line, 3U);
  EXPECT_EQ(crontab.jobs[0].expression, "0 2 * * *");
  EXPECT_EQ(crontab.jobs[0].command, "/usr/local/bin/backup.sh --full");
  EXPECT_EQ(crontab.jobs[0].name, "backup.sh-full");
  EXPECT_EQ(crontab.jobs[0].timezone, "UTC");
  EXPECT_THAT(crontab.faults, IsEmpty());
}

TEST(Crontab, NamesAreUnique) {
  const auto crontab = crontab_of("0 1 * * * a\n0 2 * * * a\n0 3 * * * a\n0 4 * * * ///\n");
  ASSERT_THAT(crontab.jobs, SizeIs(4));
  EXPECT_EQ(crontab.jobs[1].name, "a-2");
  EXPECT_EQ(crontab.jobs[2].name, "a-3");
  EXPECT_EQ(crontab.jobs[3].name, "job");
}

TEST(Crontab, WordsAreKept) {
  const auto crontab = crontab_of("@daily a\n@hourly b\n");
  ASSERT_THAT(crontab.jobs, SizeIs(2));
  EXPECT_EQ(crontab.jobs[0].expression, "@daily");
}

TEST(Crontab, VariablesHoldForTheLinesAfterThem) {
  const auto crontab = crontab_of("0 1 * * * a\nPATH=/bin\nA = \"x y\"\n0 2 * * * b\nA=z\n0 3 * * * c\n");
  ASSERT_THAT(crontab.jobs, SizeIs(3));
  EXPECT_THAT(crontab.jobs[0].environment, IsEmpty());
  EXPECT_THAT(crontab.jobs[1].environment, ElementsAre(Pair("PATH", "/bin"), Pair("A", "x y")));
  EXPECT_THAT(crontab.jobs[2].environment, ElementsAre(Pair("PATH", "/bin"), Pair("A", "z")));
}

TEST(Crontab, CronTzIsTheZoneOfTheLinesAfterIt) {
  const auto crontab = crontab_of("0 1 * * * a\nCRON_TZ=Europe/London\n0 1 * * * b\n", {.timezone = "Asia/Tokyo"});
  ASSERT_THAT(crontab.jobs, SizeIs(2));
  EXPECT_EQ(crontab.jobs[0].timezone, "Asia/Tokyo");
  EXPECT_EQ(crontab.jobs[1].timezone, "Europe/London");
}

TEST(Crontab, UnknownZoneIsAFault) {
  EXPECT_THAT(crontab_of("CRON_TZ=Europe/Nowhere\n0 1 * * * b\n").faults, SizeIs(1));
}

TEST(Crontab, PercentEndsTheCommandAndBeginsItsInput) {
  const auto crontab = crontab_of("0 1 * * * mail -s 100\\%% first%second\n");
  ASSERT_THAT(crontab.jobs, SizeIs(1));
  EXPECT_EQ(crontab.jobs[0].command, "mail -s 100%");
  EXPECT_EQ(crontab.jobs[0].input, " first\nsecond");
}

TEST(Crontab, SystemFormHasAUser) {
  const auto crontab = crontab_of("17 * * * * root run-parts /etc/cron.hourly\n", {.user_column = true});
  ASSERT_THAT(crontab.jobs, SizeIs(1));
  EXPECT_EQ(crontab.jobs[0].user, "root");
  EXPECT_EQ(crontab.jobs[0].command, "run-parts /etc/cron.hourly");
}

TEST(Crontab, WhatCannotBeImportedIsSaidWithItsLine) {
  const auto crontab = crontab_of("@reboot a\n0 25 * * * b\n0 1 * * *\n0~30 1 * * * c\n0 0 30 2 * d\n0 1 * * * good\n");
  ASSERT_THAT(crontab.faults, SizeIs(5));
  EXPECT_THAT(crontab.faults[0].why, HasSubstr("@reboot"));
  EXPECT_EQ(crontab.faults[1].line, 2U);
  EXPECT_THAT(crontab.faults[1].why, HasSubstr("25"));
  EXPECT_THAT(crontab.faults[2].why, HasSubstr("no command"));
  EXPECT_THAT(crontab.faults[3].why, HasSubstr("random"));
  EXPECT_THAT(crontab.jobs, SizeIs(1));
}

TEST(Crontab, MailIsLeftOutWithANote) {
  const auto crontab = crontab_of("MAILTO=me@example.com\n0 1 * * * a\n");
  EXPECT_THAT(crontab.notes, ElementsAre(HasSubstr("MAILTO")));
  EXPECT_THAT(crontab.jobs[0].environment, IsEmpty());
}

TEST(Crontab, EqualsSignInACommandIsNoVariable) {
  const auto crontab = crontab_of("0 1 * * * X=1 run --a=b\n");
  ASSERT_THAT(crontab.jobs, SizeIs(1));
  EXPECT_EQ(crontab.jobs[0].command, "X=1 run --a=b");
}

TEST(Crontab, WindowsLineEndsAndAMissingLastOneAreRead) {
  EXPECT_THAT(crontab_of("0 1 * * * a\r\n0 2 * * * b").jobs, SizeIs(2));
}

}  // namespace
}  // namespace schedules::cli
