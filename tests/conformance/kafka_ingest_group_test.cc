// The delayed topic's ingest as a member of its group, and while the broker is away.
#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "tests/conformance/kafka_delayed.h"

namespace schedules {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::HeldEvents;
using testing::ServerControl;

class KafkaIngestGroupTest : public testing::KafkaDelayedTest {
 protected:
  ServerControl broker_{"SCHEDULES_TEST_KAFKA_CONTROL"};
  HeldEvents other_events_;

  void SetUp() override {
    topic_ = place_.topic("shared", 6);
    group_ = topic_ + ".group";
  }
  void TearDown() override { broker_.start(); }

  void produce_keyed(int from, int count) const {
    std::vector<kafka::OutgoingRecord> records;
    for (int i = from; i < from + count; ++i) {
      records.push_back(record(i));
      records.back().key = fmt::format("key-{}", i % 60);
    }
    place_.produce(std::move(records));
  }
  [[nodiscard]] std::set<EventId> stored_by_both() const {
    std::set<EventId> ids;
    for (const auto* one : {&events_, &other_events_}) {
      for (const auto& event : one->stored()) ids.insert(event.id);
    }
    return ids;
  }
  bool both_share(const DelayedIngest& one, const DelayedIngest& other) const {
    return eventually([&] { return one.status().partitions == 3 && other.status().partitions == 3; });
  }
};

TEST_F(KafkaIngestGroupTest, TwoMembersShareThePartitions) {
  const auto one = ingest();
  const auto other = ingest(options(), other_events_);
  ASSERT_TRUE(both_share(*one, *other));
  produce_keyed(0, 600);
  ASSERT_TRUE(eventually([&] { return stored_by_both().size() == 600; }));
  EXPECT_GT(events_.stored_count(), 0U);
  EXPECT_GT(other_events_.stored_count(), 0U);
}

TEST_F(KafkaIngestGroupTest, TheOtherTakesOverWhatWasNotStored) {
  other_events_.hold();  // it will die with records that it read and has not stored
  const auto one = ingest();
  auto other = ingest(options(), other_events_);
  ASSERT_TRUE(both_share(*one, *other));
  produce_keyed(0, 600);
  ASSERT_TRUE(eventually([&] { return other_events_.held() > 0 && other->status().records > 0; }));
  other->stop(milliseconds(0));
  EXPECT_TRUE(eventually([&] { return one->status().partitions == 6; }));
  EXPECT_TRUE(eventually([&] { return events_.stored_count() == 600; }));
}

TEST_F(KafkaIngestGroupTest, MembersThatComeAndGoLoseNothing) {
  const auto one = ingest();
  int produced = 0;
  for (int round = 0; round < 3; ++round) {
    const auto guest = ingest(options(), other_events_);
    produce_keyed(produced, 500);
    produced += 500;
    EXPECT_TRUE(both_share(*one, *guest));
    produce_keyed(produced, 500);
    produced += 500;
    guest->stop(milliseconds(0));
  }
  EXPECT_TRUE(eventually([&] { return stored_by_both().size() == static_cast<size_t>(produced); }));
}

TEST_F(KafkaIngestGroupTest, ABrokerThatDiesIsWaitedFor) {
  const auto running = ingest();
  produce_keyed(0, 300);
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 300; }));
  broker_.kill();
  EXPECT_TRUE(eventually([&] { return running->status().cluster_trouble.has_value(); }));
  broker_.start();
  produce_keyed(300, 300);
  EXPECT_TRUE(eventually([&] { return events_.stored_count() == 600; }));
}

TEST_F(KafkaIngestGroupTest, ABrokerThatIsAwayAtTheStartIsWaitedFor) {
  produce_keyed(0, 10);
  broker_.kill();
  const auto running = ingest();
  EXPECT_TRUE(eventually([&] { return running->status().cluster_trouble.has_value(); }));
  broker_.start();
  EXPECT_TRUE(eventually([&] { return events_.stored_count() == 10; }));
}

TEST_F(KafkaIngestGroupTest, WithoutABrokerItStopsAllTheSame) {
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return running->status().partitions == 6; }));
  produce_keyed(0, 10);
  ASSERT_TRUE(eventually([&] { return events_.stored_count() == 10; }));
  broker_.kill();
  const auto began = std::chrono::steady_clock::now();
  running->stop(seconds(2));
  const auto took = std::chrono::steady_clock::now() - began;
  fmt::print("stopped without a broker in {:.1f} s\n", std::chrono::duration<double>(took).count());
  EXPECT_LT(took, seconds(60));
}

TEST_F(KafkaIngestGroupTest, WhileDeadLettersCannotBeWrittenTheRecordStays) {
  const auto running = ingest();
  ASSERT_TRUE(eventually([&] { return running->status().partitions == 6; }));
  place_.delete_topic(dead_topic());
  auto poison = record(1);
  poison.value = "not JSON";
  place_.produce({poison});
  // It is noticed, the topic is made again, and only then does the record count as read.
  ASSERT_TRUE(eventually([&] { return running->status().counts.dead == 1; }));
  const auto letters = place_.read(dead_topic());
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].value, "not JSON");
}

// What a node that is killed leaves behind goes to another within the session's time-out.
TEST_F(KafkaIngestGroupTest, AMemberThatFallsSilentIsReplaced) {
  auto slow = options();
  slow.session_timeout = milliseconds(6'000);
  const auto broker = testing::environment("SCHEDULES_TEST_KAFKA");
  const auto child = ::fork();
  if (child == 0) {  // another client of the library, which writes no offsets
    ::freopen("/dev/null", "w", stdout);
    ::freopen("/dev/null", "w", stderr);
    ::execlp("kcat", "kcat", "-b", broker.c_str(), "-X", "partition.assignment.strategy=cooperative-sticky", "-X",
             "session.timeout.ms=6000", "-X", "enable.auto.offset.store=false", "-G", group_.c_str(), topic_.c_str(),
             nullptr);
    ::_exit(127);
  }
  // Until it has joined, the first assignment could be ours alone.
  ASSERT_TRUE(eventually([&] { return place_.members_of(group_) == 1; }));
  produce_keyed(0, 60);
  const auto running = ingest(slow, events_);
  ASSERT_TRUE(eventually([&] { return running->status().partitions == 3; }));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_TRUE(eventually([&] { return running->status().partitions == 6; }));
  EXPECT_TRUE(eventually([&] { return events_.stored_count() == 60; }));
}

}  // namespace
}  // namespace schedules
