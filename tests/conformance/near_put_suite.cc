// Near store: putting, and being remembered.
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

TEST_P(NearStoreTest, EveryFieldComesBack) {
  open();
  const Event event = full_event(1);
  ASSERT_EQ(put_one(event).result, PutResult::created);
  const auto stored = get(event.id);
  ASSERT_TRUE(stored);
  expect_same(stored->event, event);
  EXPECT_EQ(stored->state, State::pending);
  EXPECT_EQ(stored->tier, Tier::near);
}

TEST_P(NearStoreTest, BeginAnswersTheWholeEvent) {
  open();
  const Event event = full_event(1);
  put_one(event);
  clock.advance(200s);
  const auto begun = begin_due();
  ASSERT_EQ(begun.size(), 1U);
  expect_same(begun.front(), event);
}

TEST_P(NearStoreTest, SecondPutOfTheSameRequestAnswersTheFirst) {
  open();
  put_one(sample_event(1));
  const auto again = put_one(sample_event(1));
  EXPECT_EQ(again.result, PutResult::exists);
  ASSERT_TRUE(again.existing);
  expect_same(again.existing->event, sample_event(1));
  EXPECT_EQ(counts().pending, 1U);
}

TEST_P(NearStoreTest, SecondPutOfAnotherRequestIsAConflict) {
  open();
  put_one(sample_event(1));
  Event other = sample_event(1);
  other.fingerprint = 7;
  other.body = R"({"other":true})";
  const auto outcome = put_one(other);
  EXPECT_EQ(outcome.result, PutResult::conflict);
  ASSERT_TRUE(outcome.existing);
  EXPECT_EQ(outcome.existing->event.fingerprint, 1001U);
  EXPECT_EQ(get(other.id)->event.body, sample_event(1).body);
}

TEST_P(NearStoreTest, DuplicatesInOneBatchMeetEachOther) {
  open();
  Event other = sample_event(1);
  other.fingerprint = 7;
  const auto outcomes = put({sample_event(1), sample_event(2), sample_event(1), other});
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(outcomes[0].result, PutResult::created);
  EXPECT_EQ(outcomes[1].result, PutResult::created);
  EXPECT_EQ(outcomes[2].result, PutResult::exists);
  EXPECT_EQ(outcomes[3].result, PutResult::conflict);
  ASSERT_TRUE(outcomes[2].existing);
  EXPECT_EQ(outcomes[2].existing->event.id, sample_id(1));
  EXPECT_EQ(counts().pending, 2U);
}

TEST_P(NearStoreTest, DuplicatesAcrossWaitingBatchesMeetEachOther) {
  open();
  constexpr size_t kBatches = 32;
  std::atomic<size_t> created = 0;
  std::atomic<size_t> answered = 0;
  for (size_t i = 0; i < kBatches; ++i) {
    stores.near->put({sample_event(1), sample_event(2)}, PutMode::if_absent,
                     [&](Result<std::vector<PutOutcome>> outcomes) {
                       for (const auto& outcome : *outcomes) created += outcome.result == PutResult::created ? 1 : 0;
                       ++answered;
                     });
  }
  put_one(sample_event(3));
  EXPECT_EQ(answered, kBatches);
  EXPECT_EQ(created, 2U);
  EXPECT_EQ(counts().pending, 3U);
}

TEST_P(NearStoreTest, PlannedReplacesAnOlderRevision) {
  open();
  Event first = sample_event(1, 10s);
  first.schedule_revision = 3;
  put_one(first, PutMode::planned);
  Event newer = sample_event(1, 5s);
  newer.schedule_revision = 4;
  newer.fingerprint = 77;
  EXPECT_EQ(put_one(newer, PutMode::planned).result, PutResult::created);
  expect_same(get(newer.id)->event, newer);
  EXPECT_EQ(ids_of(window(60s).entries), sample_ids({1}));
  EXPECT_EQ(window(60s).entries.front().fire_at, newer.fire_at);
}

TEST_P(NearStoreTest, PlannedLeavesTheSameOrANewerRevision) {
  open();
  Event first = sample_event(1);
  first.schedule_revision = 3;
  put_one(first, PutMode::planned);
  EXPECT_EQ(put_one(first, PutMode::planned).result, PutResult::exists);
  Event older = first;
  older.schedule_revision = 2;
  older.fingerprint = 9;
  EXPECT_EQ(put_one(older, PutMode::planned).result, PutResult::conflict);
  expect_same(get(first.id)->event, first);
}

TEST_P(NearStoreTest, PlannedLeavesWhatIsInFlight) {
  open();
  Event first = sample_event(1);
  first.schedule_revision = 3;
  put_one(first, PutMode::planned);
  ASSERT_EQ(begin_due().size(), 1U);
  Event newer = first;
  newer.schedule_revision = 4;
  const auto outcome = put_one(newer, PutMode::planned);
  EXPECT_EQ(outcome.result, PutResult::exists);
  EXPECT_EQ(outcome.existing->state, State::in_flight);
}

TEST_P(NearStoreTest, FinishedIdIsRememberedWithoutBody) {
  open();
  put_one(full_event(1));
  clock.advance(200s);
  settle(begin_due(), State::fired, "");
  const auto stored = get(sample_id(1));
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->state, State::fired);
  EXPECT_EQ(stored->outcome.position, "42");
  EXPECT_EQ(stored->outcome.sink, "stream");
  EXPECT_EQ(stored->outcome.at, now());
  EXPECT_TRUE(stored->event.headers.empty());
  EXPECT_EQ(stored->event.tags, full_event(1).tags);
  EXPECT_EQ(put_one(full_event(1)).result, PutResult::exists);
  EXPECT_TRUE(begin_due().empty());
}

TEST_P(NearStoreTest, FinishedIdIsForgottenAfterTheDedupeWindow) {
  open({.dedupe_window = 60s});
  put_one(sample_event(1));
  settle(begin_due(), State::fired);
  clock.advance(59s);
  EXPECT_TRUE(get(sample_id(1)));
  EXPECT_EQ(put_one(sample_event(1)).result, PutResult::exists);
  clock.advance(2s);
  EXPECT_FALSE(get(sample_id(1)));
  EXPECT_EQ(put_one(sample_event(1)).result, PutResult::created);
  EXPECT_EQ(get(sample_id(1))->state, State::pending);
}

TEST_P(NearStoreTest, RedrivenPutsADeadEventBack) {
  open();
  put_one(sample_event(1));
  settle(begin_due(), State::dead, "rejected");
  EXPECT_EQ(put_one(sample_event(1)).result, PutResult::exists);
  EXPECT_EQ(put_one(sample_event(1), PutMode::redriven).result, PutResult::created);
  EXPECT_EQ(put_one(sample_event(1), PutMode::redriven).result, PutResult::exists);
  EXPECT_EQ(ids_of(begin_due()), sample_ids({1}));
}

TEST_P(NearStoreTest, RedrivenLeavesWhatWasDelivered) {
  open();
  put_one(sample_event(1));
  settle(begin_due(), State::fired);
  EXPECT_EQ(put_one(sample_event(1), PutMode::redriven).result, PutResult::exists);
}

TEST_P(NearStoreTest, BiggestBodyComesBack) {
  open();
  Event big = sample_event(1);
  big.body = "{\"x\":\"" + std::string(kMaxBodyBytes - 8, 'x') + "\"}";
  ASSERT_EQ(big.body.size(), kMaxBodyBytes);
  put({big, sample_event(2)});
  EXPECT_EQ(get(big.id)->event.body, big.body);
  EXPECT_EQ(begin_due().size(), 2U);
}

TEST_P(NearStoreTest, EmptyBatchesAreAnswered) {
  open();
  EXPECT_TRUE(put({}).empty());
  EXPECT_TRUE(begin({}).empty());
  settle({}, State::fired);
}

TEST_P(NearStoreTest, ReopenKeepsAll) {
  open({.shards = 4});
  std::vector<Event> events;
  for (uint64_t i = 0; i < 200; ++i) events.push_back(sample_event(i, Duration(static_cast<int64_t>(i) * 1'000'000)));
  put(events);
  clock.advance(50s);
  std::vector<Event> begun;
  for (uint32_t shard = 0; shard < 4; ++shard) {
    for (auto& event : begin(window(Duration{}, 1000, shard).entries)) begun.push_back(std::move(event));
  }
  ASSERT_EQ(begun.size(), 51U);
  begun.resize(40);
  settle(begun, State::fired);
  cancel(sample_id(199));
  reopen();
  EXPECT_EQ(stores.near->shards(), 4U);
  EXPECT_EQ(counts().pending, 159U);
  EXPECT_EQ(counts().in_flight, 0U);
  EXPECT_EQ(counts().remembered, 41U);
  EXPECT_EQ(get(begun.front().id)->state, State::fired);
  EXPECT_EQ(get(sample_id(199))->state, State::cancelled);
  EXPECT_EQ(put_one(begun.front()).result, PutResult::exists);
  size_t waiting = 0;
  for (uint32_t shard = 0; shard < 4; ++shard) waiting += window(Duration{}, 1000, shard).entries.size();
  EXPECT_EQ(waiting, 11U) << "what was begun and not settled waits again";
}

TEST_P(NearStoreTest, SequencesGrowAcrossReopen) {
  open();
  const auto first = put_one(sample_event(1)).sequence;
  const auto second = put_one(sample_event(2)).sequence;
  reopen();
  const auto third = put_one(sample_event(3)).sequence;
  EXPECT_LT(first, second);
  EXPECT_LT(second, third);
}

}  // namespace schedules::testing
