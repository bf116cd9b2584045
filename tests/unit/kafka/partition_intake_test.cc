#include "ingest/kafka/partition_intake.h"

#include <gtest/gtest.h>

#include "tests/support/held_events.h"
#include "tests/support/manual_clock.h"
#include "tests/unit/kafka/delayed_records.h"

namespace schedules {
namespace {

using testing::delayed_record;
using testing::HeldEvents;
using testing::ManualClock;

class PartitionIntakeTest : public ::testing::Test {
 protected:
  ManualClock clock_{testing::delayed_now()};
  HeldEvents events_;
  IngestCounts counts_;
  std::vector<kafka::OutgoingRecord> letters_;
  std::optional<Error> letter_failure_;
  size_t largest_letter_ = SIZE_MAX;
  IntakePorts ports_{.events = events_,
                     .letters = [this](auto letters, auto done) { write(std::move(letters), std::move(done)); },
                     .clock = clock_,
                     .mailbox = std::make_shared<Mailbox>(),
                     .rules = testing::delayed_rules(),
                     .counts = counts_};
  std::shared_ptr<PartitionIntake> intake_ = std::make_shared<PartitionIntake>(ports_);

  void write(std::vector<kafka::OutgoingRecord> letters, kafka::ProduceDone done) {
    kafka::Produced results;
    for (auto& letter : letters) {
      if (letter_failure_) {
        results.emplace_back(fail(*letter_failure_));
      } else if (letter.value && letter.value->size() > largest_letter_) {
        results.emplace_back(fail(Code::payload_too_large, "large"));
      } else {
        results.emplace_back(kafka::Position{});
        letters_.push_back(std::move(letter));
      }
    }
    done(std::move(results));
  }
  void add(int64_t offset, const std::string& action = "greet", std::string value = "{}") {
    auto record = testing::with(delayed_record(offset), "action", action);
    record.value = std::move(value);
    intake_->add(std::move(record));
  }
  /// Until nothing moves any more; answers the last offset that is safe.
  std::optional<int64_t> run() {
    std::optional<int64_t> safe;
    do {
      for (auto& message : ports_.mailbox->drain()) message();
      intake_->advance();
      if (const auto one = intake_->take_processed()) safe = one;
    } while (!ports_.mailbox->empty());
    return safe;
  }
  std::vector<std::string> actions() const {
    std::vector<std::string> out;
    for (const auto& event : events_.stored()) out.push_back(event.action);
    return out;
  }
};

TEST_F(PartitionIntakeTest, AnOffsetIsSafeOnlyOnceTheStoreHasAnswered) {
  events_.hold();
  add(5);
  add(6);
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_TRUE(intake_->busy());
  events_.release();
  EXPECT_EQ(run(), 6);
  EXPECT_EQ(events_.stored_count(), 2U);
  EXPECT_EQ(intake_->records(), 0U);
  EXPECT_EQ(intake_->bytes(), 0U);
}

TEST_F(PartitionIntakeTest, OneCallIsUnderWayAtATimeSoThatOrderHolds) {
  events_.hold();
  add(1, "a");
  run();
  add(2, "b");
  add(3, "c");
  run();
  EXPECT_EQ(events_.held(), 1U);
  events_.release();
  EXPECT_EQ(run(), 3);
  EXPECT_EQ(actions(), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(PartitionIntakeTest, WhileTheStoreIsAwayNothingIsSkipped) {
  events_.fail_with(Error{.code = Code::unavailable, .detail = "away"});
  add(1, "a");
  add(2, "b");
  EXPECT_EQ(run(), std::nullopt);
  ASSERT_TRUE(intake_->trouble());
  EXPECT_EQ(intake_->trouble()->detail, "away");
  EXPECT_EQ(events_.calls_seen(), 1U) << "it waits before the next try";
  EXPECT_EQ(intake_->resumes_at(), clock_.steady() + std::chrono::milliseconds(100));
  clock_.advance(std::chrono::milliseconds(100));
  run();
  EXPECT_EQ(events_.calls_seen(), 2U);
  EXPECT_EQ(intake_->resumes_at(), clock_.steady() + std::chrono::milliseconds(200)) << "twice as long";
  events_.fail_with(std::nullopt);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(run(), 2);
  EXPECT_FALSE(intake_->trouble());
  EXPECT_EQ(actions(), (std::vector<std::string>{"a", "b"}));
}

TEST_F(PartitionIntakeTest, WaitsAsLongAsTheStoreAsks) {
  events_.fail_with(Error{.code = Code::overloaded, .detail = "full", .retry_after = std::chrono::seconds(3)});
  add(1);
  run();
  EXPECT_EQ(intake_->resumes_at(), clock_.steady() + std::chrono::seconds(3));
}

TEST_F(PartitionIntakeTest, OnlyWhatIsNotSafeIsSentAgain) {
  events_.refuse("late", Error{.code = Code::io_error, .detail = "disk"});
  add(1, "a");
  add(2, "late");
  add(3, "c");
  EXPECT_EQ(run(), std::nullopt);
  events_.refuse("late", std::nullopt);
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(run(), 3);
  EXPECT_EQ(actions(), (std::vector<std::string>{"a", "c", "late"}));
  EXPECT_EQ(events_.repeats(), 0U);
}

TEST_F(PartitionIntakeTest, WhatCannotBeReadGoesToTheDeadLettersAndBlocksNothing) {
  add(1, "a");
  add(2, "b", "not JSON");
  add(3, "c");
  EXPECT_EQ(run(), 3);
  EXPECT_EQ(actions(), (std::vector<std::string>{"a", "c"}));
  ASSERT_EQ(letters_.size(), 1U);
  EXPECT_EQ(letters_[0].topic, "stufio.events.delayed.dlq");
  EXPECT_EQ(letters_[0].value, "not JSON");
  EXPECT_EQ(counts_.accepted, 2U);
  EXPECT_EQ(counts_.dead, 1U);
}

TEST_F(PartitionIntakeTest, WhatTheDoorRefusesForGoodGoesToTheDeadLetters) {
  events_.refuse("old", Error{.code = Code::expired, .detail = "too late"});
  add(1, "old");
  EXPECT_EQ(run(), 1);
  ASSERT_EQ(letters_.size(), 1U);
  const auto reason =
      std::ranges::find(letters_[0].headers, "dead_letter_reason", [](const auto& header) { return header.first; });
  EXPECT_EQ(reason->second, "expired");
}

TEST_F(PartitionIntakeTest, AnOffsetIsNotSafeBeforeItsLetterIsWritten) {
  letter_failure_ = Error{.code = Code::unavailable, .detail = "no broker"};
  add(1, "a", "not JSON");
  EXPECT_EQ(run(), std::nullopt);
  EXPECT_TRUE(intake_->trouble());
  letter_failure_.reset();
  clock_.advance(std::chrono::seconds(1));
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(letters_.size(), 1U);
}

TEST_F(PartitionIntakeTest, ALetterThatIsTooLargeIsWrittenWithoutItsValue) {
  largest_letter_ = 10;
  add(1, "a", std::string(100, 'x'));
  EXPECT_EQ(run(), 1);
  ASSERT_EQ(letters_.size(), 1U);
  EXPECT_EQ(letters_[0].value, std::nullopt);
}

TEST_F(PartitionIntakeTest, AnErrorOfOursIsNotTheRecordsFault) {
  for (const auto code :
       {Code::internal, Code::corrupt, Code::forbidden, Code::unauthenticated, Code::disk_full, Code::stale_epoch}) {
    events_.refuse("greet", Error{.code = code, .detail = "ours"});
    add(1);
    clock_.advance(std::chrono::minutes(1));
    EXPECT_EQ(run(), std::nullopt) << to_string(code);
    events_.refuse("greet", std::nullopt);
    clock_.advance(std::chrono::minutes(1));
    EXPECT_EQ(run(), 1) << to_string(code);
  }
  EXPECT_TRUE(letters_.empty());
}

TEST_F(PartitionIntakeTest, ARepeatIsSafeAtOnce) {
  add(1);
  EXPECT_EQ(run(), 1);
  add(1);
  EXPECT_EQ(run(), 1);
  EXPECT_EQ(counts_.accepted, 1U);
  EXPECT_EQ(counts_.repeated, 1U);
}

TEST_F(PartitionIntakeTest, AnAnswerToOneThatIsGoneIsDropped) {
  events_.hold();
  add(1);
  run();
  intake_.reset();  // the partition went to another member
  events_.release();
  for (auto& message : ports_.mailbox->drain()) message();
  EXPECT_EQ(counts_.accepted, 0U);
}

TEST_F(PartitionIntakeTest, WindingUpEndsTheRoundAndBeginsNone) {
  events_.hold();
  add(1);
  run();
  add(2);
  events_.release();
  for (auto& message : ports_.mailbox->drain()) message();
  intake_->wind_up();
  EXPECT_EQ(intake_->take_processed(), 1);
  EXPECT_FALSE(intake_->busy());
  EXPECT_EQ(events_.stored_count(), 1U);
}

TEST_F(PartitionIntakeTest, ALargeBacklogGoesInRounds) {
  for (int64_t i = 0; i < 1'201; ++i) add(i);
  EXPECT_EQ(run(), 1'200);
  EXPECT_EQ(events_.calls_seen(), 3U);
  EXPECT_EQ(events_.stored_count(), 1'201U);
}

}  // namespace
}  // namespace schedules
