// Publishing in transactions with the journal's ends, against a real broker: readers of committed records see each event once.
#include <gtest/gtest.h>

#include "kafka/partition_reader.h"
#include "sink/kafka/transactional_sink.h"
#include "tests/conformance/journal_place.h"

namespace schedules {
namespace {

using std::chrono::milliseconds;
using testing::append;
using testing::delivery_into;
using testing::fresh_topic;
using testing::kafka_options;
using testing::KafkaPlace;
using testing::open_journal;
using testing::publish;
using testing::publish_one;
using testing::ServerControl;
using testing::shard_of_four;

/// What nodes share, and the near store's part in it.
struct World {
  std::string journal_topic = fresh_topic("journal");
  std::unique_ptr<KafkaJournal> journal = open_journal(journal_topic);
  std::mutex mutex;
  std::atomic<uint64_t> epoch = 1;  ///< of every shard
  std::map<uint32_t, int64_t> unsettled_from;
  std::set<EventId> waiting;  ///< in the store

  std::unique_ptr<TransactionalSink> sink(std::function<std::optional<uint64_t>(uint32_t)> epoch_of = nullptr,
                                          milliseconds timeout = milliseconds(10'000)) {
    ShardFacts facts{
        .shard_of = shard_of_four,
        .epoch_of = epoch_of ? std::move(epoch_of) : [this](uint32_t) { return std::optional<uint64_t>(epoch.load()); },
        .journal_partition_of = [this](uint32_t shard) { return journal->partition_of(shard); },
        .unsettled_from = [this](uint32_t shard) -> Result<std::optional<int64_t>> {
          const std::scoped_lock lock(mutex);
          const auto found = unsettled_from.find(shard);
          if (found == unsettled_from.end()) return std::nullopt;
          return found->second;
        },
        .note_unsettled_from =
            [this](uint32_t shard, uint64_t, int64_t offset) {
              const std::scoped_lock lock(mutex);
              unsettled_from[shard] = offset;
            },
        .still_waiting = [this](const std::vector<EventId>& ids) -> Result<std::vector<EventId>> {
          const std::scoped_lock lock(mutex);
          std::vector<EventId> out;
          for (const auto& id : ids) {
            if (waiting.contains(id)) out.push_back(id);
          }
          return out;
        }};
    TransactionalSinkOptions options{
        .kafka = {.cluster = kafka_options()}, .journal_topic = journal_topic, .id_prefix = journal_topic};
    options.kafka.producer.message_timeout = timeout;
    auto opened = TransactionalSink::open(std::move(options), std::move(facts), testing::test_clock());
    if (!opened) throw std::runtime_error(opened.error().detail);
    return std::move(*opened);
  }
  std::vector<Delivery> accepted(const std::string& topic, int count, const std::string& key = "") {
    std::vector<Delivery> out;
    std::vector<Event> events;
    for (int i = 0; i < count; ++i) {
      out.push_back(delivery_into(topic, i, key));
      out.back().event.begun_epoch = epoch;
      events.push_back(out.back().event);
      const std::scoped_lock lock(mutex);
      waiting.insert(out.back().event.id);
    }
    EXPECT_TRUE(append(*journal, events));
    return out;
  }
};

class JournalSinkTest : public ::testing::Test {
 protected:
  KafkaPlace place_;
  World world_;

  /// What a reader of committed records sees: id and value.
  std::vector<std::pair<std::string, std::string>> seen(const std::string& topic) const {
    std::vector<std::pair<std::string, std::string>> out;
    const int partitions = place_.cluster().partitions_of(topic, milliseconds(30'000)).value();
    auto reader = kafka::PartitionReader::open(kafka_options(), testing::test_clock()).value();
    for (int32_t partition = 0; partition < partitions; ++partition) {
      const auto span = reader->span(topic, partition).value();
      const auto read = reader->read(topic, partition, span.begin, span.end, "event_id", milliseconds(60'000),
                                     [&](const kafka::RecordView& record) {
                                       out.emplace_back(record.header.value_or(""), record.value.value_or(""));
                                     });
      if (!read) throw std::runtime_error(read.error().detail);
    }
    return out;
  }
  std::map<std::string, int> times(const std::string& topic) const {
    std::map<std::string, int> out;
    for (const auto& [id, value] : seen(topic)) ++out[id];
    return out;
  }
  static void expect_once(const std::map<std::string, int>& times, size_t events) {
    EXPECT_EQ(times.size(), events);
    for (const auto& [id, count] : times) EXPECT_EQ(count, 1) << id;
  }
};

TEST_F(JournalSinkTest, WhatIsPublishedIsNoMoreInTheJournal) {
  const auto topic = place_.topic("fired", 3);
  const auto sink = world_.sink();
  for (const auto& report : publish(*sink, world_.accepted(topic, 1'000))) {
    ASSERT_EQ(report.verdict, Verdict::delivered) << report.error;
    EXPECT_NE(report.position.find(':'), std::string::npos);
  }
  expect_once(times(topic), 1'000);
  EXPECT_TRUE(testing::replayed(*world_.journal).empty());
}

TEST_F(JournalSinkTest, EventsOfOneKeyKeepTheirOrderAcrossShards) {
  const auto topic = place_.topic("ordered", 3);
  const auto sink = world_.sink();
  for (const auto& report : publish(*sink, world_.accepted(topic, 40, "one")))
    ASSERT_EQ(report.verdict, Verdict::delivered);
  int next = 0;
  for (const auto& [id, value] : seen(topic)) {
    EXPECT_NE(value.find(fmt::format(R"("n":{})", next) + "}"), std::string::npos) << value;
    ++next;
  }
  EXPECT_EQ(next, 40);
}

TEST_F(JournalSinkTest, ARecordThatIsTooLargeIsJudgedAlone) {
  const auto topic = place_.topic("large", 1, {{"max.message.bytes", "20000"}});
  const auto sink = world_.sink();
  auto deliveries = world_.accepted(topic, 20);
  deliveries[7].event.body = R"({"x":")" + std::string(50'000, 'x') + R"("})";
  const auto reports = publish(*sink, deliveries);
  for (size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].verdict, i == 7 ? Verdict::rejected : Verdict::delivered) << i << reports[i].error;
  }
  expect_once(times(topic), 19);
  EXPECT_EQ(testing::replayed(*world_.journal).size(), 1U) << "whoever settles it as dead forgets it";
}

TEST_F(JournalSinkTest, AnotherOwnerFencesTheOneBefore) {
  const auto topic = place_.topic("fenced", 1);
  const auto old_owner =
      world_.sink([](uint32_t) { return std::optional<uint64_t>(1); });  // believes in its lease for ever
  for (const auto& report : publish(*old_owner, world_.accepted(topic, 40)))
    ASSERT_EQ(report.verdict, Verdict::delivered);
  auto left = world_.accepted(topic, 100);
  world_.epoch = 2;
  const auto new_owner = world_.sink();
  auto taken = left;
  for (auto& delivery : taken) delivery.event.begun_epoch = 2;
  for (const auto& report : publish(*new_owner, taken)) ASSERT_EQ(report.verdict, Verdict::delivered) << report.error;
  for (const auto& report : publish(*old_owner, left)) {
    EXPECT_EQ(report.verdict, Verdict::disowned) << report.error;
    EXPECT_FALSE(report.counts_against_target);
  }
  expect_once(times(topic), 140);
}

Status take_over(TransactionalSink& sink, uint64_t epoch) {
  for (uint32_t shard = 0; shard < 4; ++shard) {
    auto taken = await<void>([&](Done<void> done) { sink.take_over(shard, epoch, std::move(done)); });
    if (!taken) return taken;
  }
  return {};
}

TEST_F(JournalSinkTest, WhoTakesOverFencesTheOneBeforeThoughItPublishesNothing) {
  const auto topic = place_.topic("taken", 1);
  const auto old_owner = world_.sink([](uint32_t) { return std::optional<uint64_t>(1); });
  for (const auto& report : publish(*old_owner, world_.accepted(topic, 40)))
    ASSERT_EQ(report.verdict, Verdict::delivered);
  const auto left = world_.accepted(topic, 40);
  const auto new_owner = world_.sink([](uint32_t) { return std::nullopt; });  // it is not told of its lease yet
  ASSERT_TRUE(take_over(*new_owner, 2));
  EXPECT_EQ(testing::replayed(*world_.journal).size(), 40U) << "what it reads now is final";
  for (const auto& report : publish(*old_owner, left)) EXPECT_EQ(report.verdict, Verdict::disowned) << report.error;
  expect_once(times(topic), 40);
}

TEST_F(JournalSinkTest, WhatWasTakenOverPublishesUnderItsEpoch) {
  const auto topic = place_.topic("over", 1);
  const auto sink = world_.sink();
  ASSERT_TRUE(take_over(*sink, 1));
  for (const auto& report : publish(*sink, world_.accepted(topic, 40))) {
    ASSERT_EQ(report.verdict, Verdict::delivered) << report.error;
  }
  sink->stop(milliseconds(0));
  EXPECT_EQ(take_over(*sink, 2).error().code, Code::shutting_down);
}

// The store had it before the journal, it fired, and the store was lost: then only the end says that it did.
TEST_F(JournalSinkTest, ALaterLookKnowsOfRecentEnds) {
  const auto topic = place_.topic("echo", 1);
  const auto sink = world_.sink();
  const auto deliveries = world_.accepted(topic, 8);
  for (const auto& report : publish(*sink, deliveries)) ASSERT_EQ(report.verdict, Verdict::delivered);
  std::vector<Event> events;
  for (const auto& delivery : deliveries) events.push_back(delivery.event);
  std::map<uint32_t, ReplayFrom> later;
  for (uint32_t shard = 0; shard < 4; ++shard) {
    const auto filled = world_.journal->replay(
        shard, {}, {.take = [](const std::vector<Event>&) { return Status{}; }, .progress = {}, .give_up = {}});
    ASSERT_TRUE(filled);
    later[shard] = {.look = filled->recent, .hand_on = filled->end};
  }
  ASSERT_TRUE(append(*world_.journal, events));  // late
  size_t known = 0;
  size_t without = 0;
  for (const auto& [shard, from] : later) {
    const auto count = [&](ReplayFrom start) {
      return world_.journal
          ->replay(shard, start,
                   {.take = [](const std::vector<Event>&) { return Status{}; }, .progress = {}, .give_up = {}})
          ->events;
    };
    known += count(from);
    without += count({.look = from.hand_on, .hand_on = from.hand_on});
  }
  EXPECT_EQ(known, 0U);
  EXPECT_EQ(without, 8U) << "else this shows nothing";
}

TEST_F(JournalSinkTest, WithoutALeaseNothingIsPublished) {
  const auto topic = place_.topic("lapsed", 1);
  const auto sink = world_.sink([](uint32_t) { return std::nullopt; });
  for (const auto& report : publish(*sink, world_.accepted(topic, 10))) EXPECT_EQ(report.verdict, Verdict::disowned);
  EXPECT_TRUE(times(topic).empty());
}

TEST_F(JournalSinkTest, WhatAnOwnerPublishedAndDidNotSettleIsNotPublishedAgain) {
  const auto topic = place_.topic("again", 1);
  auto deliveries = world_.accepted(topic, 300);
  {
    const auto died = world_.sink();
    for (const auto& report : publish(*died, deliveries)) ASSERT_EQ(report.verdict, Verdict::delivered);
  }  // before its settlements reached the store
  world_.epoch = 2;
  for (auto& delivery : deliveries) delivery.event.begun_epoch = 2;
  const auto next = world_.sink();
  for (const auto& report : publish(*next, deliveries)) {
    ASSERT_EQ(report.verdict, Verdict::delivered) << report.error;
    EXPECT_TRUE(report.position.starts_with("journal:")) << report.position;
  }
  expect_once(times(topic), 300);
}

TEST_F(JournalSinkTest, WhereToReadFromFollowsTheSettlements) {
  const auto topic = place_.topic("marks", 1);
  const auto sink = world_.sink();
  const auto deliveries = world_.accepted(topic, 100);
  for (const auto& report : publish(*sink, deliveries)) ASSERT_EQ(report.verdict, Verdict::delivered);
  std::map<uint32_t, std::vector<EventId>> ids;
  for (const auto& delivery : deliveries) ids[shard_of_four(delivery.event.id)].push_back(delivery.event.id);
  const auto before = [&] {
    const std::scoped_lock lock(world_.mutex);
    return world_.unsettled_from;
  };
  ASSERT_TRUE(testing::eventually([&] { return before().size() == ids.size(); }));
  const auto open = before();
  for (const auto& [shard, some] : ids) sink->settled(shard, some);
  EXPECT_TRUE(testing::eventually([&] {
    const auto now = before();
    return std::ranges::all_of(open, [&](const auto& one) { return now.at(one.first) > one.second; });
  }));
}

TEST_F(JournalSinkTest, ABrokerThatHangsInACommitDoublesAndLosesNothing) {
  const ServerControl broker("SCHEDULES_TEST_KAFKA_CONTROL");
  const auto topic = place_.topic("hangs", 1);
  const auto sink = world_.sink(nullptr, milliseconds(2'000));
  ASSERT_EQ(publish_one(*sink, world_.accepted(topic, 1)[0]).verdict, Verdict::delivered);
  std::vector<std::vector<Delivery>> batches;
  for (int i = 0; i < 30; ++i) batches.push_back(world_.accepted(topic, 50));
  std::vector<std::future<Reports>> waiting;
  for (const auto& batch : batches) waiting.push_back(testing::publish_later(*sink, batch));
  EXPECT_EQ(testing::reports_of(waiting[0]).size(), 50U);
  broker.pause();  // with transactions under way
  bool again = true;
  std::vector<Reports> reports(batches.size());
  for (size_t i = 1; i < batches.size(); ++i) {
    if (waiting[i].wait_for(milliseconds(3'000)) != std::future_status::ready) broker.resume();
    reports[i] = testing::reports_of(waiting[i]);
  }
  broker.resume();
  for (int round = 0; round < 100 && again; ++round) {
    again = false;
    for (size_t i = 1; i < batches.size(); ++i) {
      std::vector<Delivery> retried;
      std::vector<size_t> at;
      for (size_t k = 0; k < batches[i].size(); ++k) {
        if (reports[i][k].verdict == Verdict::delivered) continue;
        ASSERT_EQ(reports[i][k].verdict, Verdict::retry) << reports[i][k].error;
        retried.push_back(batches[i][k]);
        at.push_back(k);
      }
      if (retried.empty()) continue;
      again = true;
      const auto second = publish(*sink, retried);
      for (size_t k = 0; k < at.size(); ++k) reports[i][at[k]] = second[k];
    }
  }
  EXPECT_FALSE(again);
  expect_once(times(topic), 1 + 30 * 50);
}

TEST_F(JournalSinkTest, ABrokerThatDiesDoublesAndLosesNothing) {
  const ServerControl broker("SCHEDULES_TEST_KAFKA_CONTROL");
  const auto topic = place_.topic("dies", 1);
  const auto sink = world_.sink(nullptr, milliseconds(5'000));
  auto left = world_.accepted(topic, 2'000);
  auto waiting = testing::publish_later(*sink, left);
  broker.kill();
  broker.start();
  auto reports = testing::reports_of(waiting);
  ASSERT_TRUE(testing::eventually([&] {
    std::vector<Delivery> retried;
    for (size_t i = 0; i < left.size(); ++i) {
      if (reports[i].verdict != Verdict::delivered) retried.push_back(left[i]);
    }
    left = std::move(retried);
    if (left.empty()) return true;
    reports = publish(*sink, left);
    return false;
  }));
  expect_once(times(topic), 2'000);
}

TEST_F(JournalSinkTest, StoppingReportsEverything) {
  const auto topic = place_.topic("stop", 1);
  const auto sink = world_.sink();
  std::vector<std::future<Reports>> waiting;
  for (int i = 0; i < 50; ++i) waiting.push_back(testing::publish_later(*sink, world_.accepted(topic, 20)));
  sink->stop(milliseconds(0));
  size_t delivered = 0;
  for (auto& one : waiting) {
    ASSERT_EQ(one.wait_for(milliseconds(0)), std::future_status::ready) << "stop() waits for the reports";
    for (const auto& report : one.get()) delivered += report.verdict == Verdict::delivered ? 1 : 0;
  }
  EXPECT_EQ(publish_one(*sink, world_.accepted(topic, 1)[0]).verdict, Verdict::retry);
  EXPECT_EQ(times(topic).size(), delivered);
}

}  // namespace
}  // namespace schedules
