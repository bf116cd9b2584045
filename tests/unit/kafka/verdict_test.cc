#include "sink/kafka/verdict.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

Result<kafka::Position> failed(Code code) { return fail(code, "why"); }

TEST(KafkaVerdict, APositionIsADelivery) {
  const auto report = report_of(kafka::Position{.partition = 3, .offset = 77});
  EXPECT_EQ(report.verdict, Verdict::delivered);
  EXPECT_EQ(report.position, "3:77");
}

TEST(KafkaVerdict, WhatTheRecordIsToBlameForIsRejected) {
  for (const auto code :
       {Code::not_found, Code::invalid_argument, Code::payload_too_large, Code::bad_request, Code::forbidden}) {
    const auto report = report_of(failed(code));
    EXPECT_EQ(report.verdict, Verdict::rejected) << to_string(code);
    EXPECT_FALSE(report.counts_against_target) << to_string(code);
    EXPECT_EQ(report.error, "why");
  }
}

TEST(KafkaVerdict, AnAbsentClusterIsTriedAgainAndCounts) {
  for (const auto code : {Code::unavailable, Code::unauthenticated, Code::conflict, Code::timeout}) {
    const auto report = report_of(failed(code));
    EXPECT_EQ(report.verdict, Verdict::retry) << to_string(code);
    EXPECT_TRUE(report.counts_against_target) << to_string(code);
  }
}

TEST(KafkaVerdict, OurOwnLimitDoesNotCount) {
  const auto full = report_of(failed(Code::overloaded));
  EXPECT_EQ(full.verdict, Verdict::retry);
  EXPECT_FALSE(full.counts_against_target);
  EXPECT_TRUE(full.retry_after.has_value());
  const auto stopped = report_of(failed(Code::shutting_down));
  EXPECT_EQ(stopped.verdict, Verdict::retry);
  EXPECT_FALSE(stopped.counts_against_target);
}

TEST(KafkaVerdict, OnlyARefusedBatchIsWorthATryAlone) {
  EXPECT_TRUE(is_worth_a_try_alone(failed(Code::payload_too_large)));
  EXPECT_TRUE(is_worth_a_try_alone(failed(Code::bad_request)));
  EXPECT_FALSE(is_worth_a_try_alone(failed(Code::unavailable)));
  EXPECT_FALSE(is_worth_a_try_alone(kafka::Position{}));
}

}  // namespace
}  // namespace schedules
