// What a shard's owner may note and put back while it fills the shard again, and that it may not once the shard was
// lost or is another's.
#include "store/redis/journal_marks.h"
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {

class RedisMarksTest : public ::testing::Test {
 protected:
  RedisMarksTest() {
    RedisStoreOptions options{.prefix = fresh_prefix(), .shards = 1};
    prefix_ = options.prefix;
    redis_ = OpenRedis::open("redis://" + environment("SCHEDULES_TEST_REDIS"), options, clock_);
    marks_ = std::make_unique<RedisJournalMarks>(*redis_->client, prefix_, options.node_id);
  }
  Result<std::vector<redis::Reply>> run(std::vector<std::string> words) {
    return await<std::vector<redis::Reply>>([&](auto done) {
      redis_->client->run({.key = prefix_ + "{schedules:0}:x", .commands = {std::move(words)}}, std::move(done));
    });
  }
  void owned_under(uint64_t epoch, const std::string& node = "node") {
    ASSERT_TRUE(run({"HSET", prefix_ + "{schedules:0}:lease", "epoch", std::to_string(epoch), "owner", node}));
  }
  /// As FLUSHALL, of this shard.
  void lose_all() {
    for (const char* key : {"event", "lease", "journal", "wait:0", "wait:0:1", "leaves"}) {
      ASSERT_TRUE(run({"DEL", prefix_ + "{schedules:0}:" + key}));
    }
  }
  JournalMark mark() {
    return await<JournalMark>([&](auto done) { marks_->read(0, std::move(done)); }).value();
  }
  Result<void> begin_filling(uint64_t epoch) {
    return await<void>([&](auto done) { marks_->begin_filling(0, epoch, std::move(done)); });
  }
  Result<void> note_filled(uint64_t epoch, int64_t from) {
    return await<void>([&](auto done) { marks_->note_filled(0, epoch, mark().store, from, std::move(done)); });
  }
  Result<void> note_from(uint64_t epoch, int64_t from) {
    return await<void>([&](auto done) { marks_->note_unsettled_from(0, epoch, from, std::move(done)); });
  }
  Result<std::vector<PutOutcome>> put_back(uint64_t epoch, const std::string& name) {
    Event event;
    event.id = derived_id(name);
    event.topic = "t";
    event.due_at = event.fire_at = clock_.wall() + std::chrono::hours(1);
    return await<std::vector<PutOutcome>>([&](auto done) { redis_->store->put_back(epoch, {event}, std::move(done)); });
  }

  ManualClock clock_;
  std::string prefix_;
  std::shared_ptr<OpenRedis> redis_;
  std::unique_ptr<RedisJournalMarks> marks_;
};

TEST_F(RedisMarksTest, ItsOwnerFillsAShardAndThenItIsWhole) {
  EXPECT_FALSE(mark().whole());
  owned_under(7);
  ASSERT_TRUE(begin_filling(7));
  ASSERT_EQ(put_back(7, "a")->at(0).result, PutResult::created);
  EXPECT_EQ(put_back(7, "a")->at(0).result, PutResult::exists);
  ASSERT_TRUE(note_filled(7, 40));
  EXPECT_TRUE(mark().whole());
  EXPECT_EQ(mark().unsettled_from, 40);
  EXPECT_TRUE(put_back(7, "late")) << "a later look";
}

TEST_F(RedisMarksTest, WhatIsNotedOfTheEndsStays) {
  owned_under(7);
  ASSERT_TRUE(note_from(7, 12));
  ASSERT_TRUE(begin_filling(7));
  ASSERT_TRUE(note_filled(7, 40));
  EXPECT_EQ(mark().unsettled_from, 12) << "what the shard still has may have fired since";
}

TEST_F(RedisMarksTest, OnceItIsLostAgainNothingIsPutBackOrNoted) {
  owned_under(7);
  ASSERT_TRUE(begin_filling(7));
  ASSERT_TRUE(put_back(7, "a"));
  lose_all();
  EXPECT_EQ(put_back(7, "b").error().code, Code::conflict);
  EXPECT_EQ(note_filled(7, 40).error().code, Code::stale_epoch);
  EXPECT_EQ(note_from(7, 40).error().code, Code::stale_epoch);
  EXPECT_FALSE(mark().whole());
  EXPECT_EQ(mark().unsettled_from, std::nullopt);
  EXPECT_EQ(run({"EXISTS", prefix_ + "{schedules:0}:event"})->at(0).integer, 0);
}

TEST_F(RedisMarksTest, ANewerFillingEndsTheOneBefore) {
  owned_under(7);
  ASSERT_TRUE(begin_filling(7));
  owned_under(8);
  EXPECT_EQ(begin_filling(7).error().code, Code::stale_epoch);
  ASSERT_TRUE(begin_filling(8));
  EXPECT_EQ(put_back(7, "a").error().code, Code::conflict);
  EXPECT_EQ(note_filled(7, 40).error().code, Code::stale_epoch);
  EXPECT_TRUE(put_back(8, "a"));
}

TEST_F(RedisMarksTest, AnOwnerOfTheSameEpochIsAnotherOne) {
  owned_under(7);
  ASSERT_TRUE(begin_filling(7));
  owned_under(7, "other");
  EXPECT_EQ(note_filled(7, 40).error().code, Code::stale_epoch);
  EXPECT_EQ(note_from(7, 40).error().code, Code::stale_epoch);
  EXPECT_EQ(begin_filling(7).error().code, Code::stale_epoch);
  ASSERT_TRUE(run({"HSET", prefix_ + "{schedules:0}:journal", "filling", "7 other"}));
  EXPECT_EQ(put_back(7, "a").error().code, Code::conflict);
}

TEST_F(RedisMarksTest, FillingAShardAnewItIsNotWhole) {
  owned_under(7);
  ASSERT_TRUE(begin_filling(7));
  ASSERT_TRUE(note_filled(7, 40));
  ASSERT_TRUE(begin_filling(7));
  EXPECT_FALSE(mark().whole());
}

}  // namespace schedules::testing
