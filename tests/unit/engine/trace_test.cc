// What the engine tells of the events whose trace is recorded.
#include <algorithm>

#include "tests/unit/engine/engine_fixture.h"

namespace schedules {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::EngineFixture;

constexpr const char* kSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char* kNotSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

/// Records what comes sampled, and, if told so, every trace that begins here.
class KeptSteps final : public Tracer {
 public:
  [[nodiscard]] std::optional<TraceContext> recorded(const Event& event) const override {
    const auto given = parse_traceparent(event.traceparent);
    if (given) return given->sampled ? given : std::nullopt;
    if (!roots) return std::nullopt;
    return TraceContext{.trace = own_trace(event.id), .span = {}, .sampled = true};
  }
  bool admit(size_t count) override {
    if (!room) dropped += count;
    return room;
  }
  void record(std::vector<TraceStep> steps) override {
    for (auto& step : steps) kept.push_back(std::move(step));
  }
  [[nodiscard]] std::vector<TraceStep> of(Step step) const {
    std::vector<TraceStep> found;
    std::ranges::copy_if(kept, std::back_inserter(found), [&](const auto& one) { return one.step == step; });
    return found;
  }
  [[nodiscard]] TraceStep only(Step step) const {
    const auto found = of(step);
    EXPECT_EQ(found.size(), 1U) << to_string(step);
    return found.empty() ? TraceStep{} : found.front();
  }

  bool roots = false;
  bool room = true;
  size_t dropped = 0;
  std::vector<TraceStep> kept;
};

class EngineTrace : public EngineFixture {
 protected:
  EngineTrace() {
    tracer = &steps;
    restart();
  }
  Event traced(Duration in, const char* traceparent = kSampled) {
    auto made = event("topic", in);
    made.traceparent = traceparent;
    made.source = "api_request";
    return made;
  }

  KeptSteps steps;
};

TEST_F(EngineTrace, AnEventsStepsHangOnItsAcceptAndThatOnTheCaller) {
  const auto accepted = accept(traced(seconds(2)));
  run_for(seconds(3));
  const auto caller = parse_traceparent(kSampled).value();
  const auto root = steps.only(Step::accept);
  EXPECT_EQ(root.parent, caller.span);
  EXPECT_EQ(root.source, "api_request");
  EXPECT_EQ(root.outcome, "created");
  TimePoint before = root.start;
  for (const Step step : {Step::store, Step::window, Step::begin, Step::publish, Step::settle}) {
    const auto one = steps.only(step);
    EXPECT_EQ(one.trace, caller.trace) << to_string(step);
    EXPECT_EQ(one.parent, root.span) << to_string(step);
    EXPECT_EQ(one.event, accepted.stored.event.id) << to_string(step);
    EXPECT_EQ(one.topic, "topic") << to_string(step);
    EXPECT_GE(one.start, before) << to_string(step);
    EXPECT_GE(one.end, one.start) << to_string(step);
    before = one.start;
  }
  EXPECT_EQ(steps.kept.size(), 6U);
}

TEST_F(EngineTrace, TheWindowIsFromWhenTheEventWasSeenUntilItIsBegun) {
  accept(traced(seconds(2)));
  const TimePoint seen = clock.wall();
  run_for(seconds(3));
  EXPECT_EQ(steps.only(Step::window).start, seen);
  EXPECT_EQ(steps.only(Step::window).end, steps.only(Step::publish).start);
}

TEST_F(EngineTrace, WhatIsSentNamesItsPublishAsTheParentAndWhatIsStoredTheCaller) {
  sink.script = {DeliveryReport{.verdict = Verdict::retry, .error = "busy"}};
  auto one = traced(seconds(0));
  one.retry_delay = milliseconds(1);
  const auto id = accept(std::move(one)).stored.event.id;
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(events.look(id)->event.traceparent, kSampled);
  run_for(seconds(1));
  ASSERT_EQ(sink.delivered.size(), 2U);
  const auto published = steps.of(Step::publish);
  ASSERT_EQ(published.size(), 2U);
  EXPECT_NE(published[0].span, published[1].span);
  for (size_t i = 0; i < 2; ++i) {
    const auto sent = parse_traceparent(sink.delivered[i].event.traceparent).value();
    EXPECT_EQ(sent.span, published[i].span);
    EXPECT_EQ(sent.trace, parse_traceparent(kSampled)->trace);
    EXPECT_TRUE(sent.sampled);
    EXPECT_EQ(published[i].attempt, i + 1);
  }
  EXPECT_TRUE(published[0].failed);
  EXPECT_EQ(published[0].outcome, "retry");
  EXPECT_EQ(published[0].error, "busy");
  EXPECT_FALSE(published[1].failed);
  const auto settled = steps.of(Step::settle);
  ASSERT_EQ(settled.size(), 2U);
  EXPECT_EQ(settled[0].outcome, "pending");
  EXPECT_EQ(settled[0].reason, "retry");
  EXPECT_EQ(settled[1].outcome, "fired");
  EXPECT_NE(settled[0].span, settled[1].span);
}

TEST_F(EngineTrace, AnEventThatIsNotRecordedGoesOutAsItCame) {
  accept(traced(seconds(0), kNotSampled));
  accept(traced(seconds(0), ""));
  accept(traced(seconds(0), "nonsense"));
  ASSERT_EQ(sink.delivered.size(), 3U);
  EXPECT_EQ(sink.delivered[0].event.traceparent, kNotSampled);
  EXPECT_EQ(sink.delivered[1].event.traceparent, "");
  EXPECT_EQ(sink.delivered[2].event.traceparent, "nonsense");
  EXPECT_TRUE(steps.kept.empty());
}

TEST_F(EngineTrace, WithoutATracerEverythingGoesOutAsItCame) {
  tracer = nullptr;
  restart();
  accept(traced(seconds(0)));
  ASSERT_EQ(sink.delivered.size(), 1U);
  EXPECT_EQ(sink.delivered[0].event.traceparent, kSampled);
}

TEST_F(EngineTrace, WithoutRoomForStepsTheTraceGoesOnAllTheSame) {
  steps.room = false;
  accept(traced(seconds(0)));
  EXPECT_TRUE(steps.kept.empty());
  EXPECT_EQ(steps.dropped, 6U);
  EXPECT_NE(sink.delivered.at(0).event.traceparent, kSampled);
  EXPECT_EQ(parse_traceparent(sink.delivered.at(0).event.traceparent)->trace, parse_traceparent(kSampled)->trace);
}

TEST_F(EngineTrace, ATraceThatBeginsHereHasTheEventsIdAndNoParent) {
  steps.roots = true;
  const auto id = accept(traced(seconds(0), "")).stored.event.id;
  EXPECT_TRUE(steps.only(Step::accept).parent.none());
  EXPECT_EQ(steps.only(Step::settle).trace, own_trace(id));
  EXPECT_EQ(parse_traceparent(sink.delivered[0].event.traceparent)->trace, own_trace(id));
}

TEST_F(EngineTrace, ARestartGoesOnWithTheTrace) {
  accept(traced(seconds(10)));
  restart();
  run_for(seconds(11));
  EXPECT_EQ(steps.only(Step::publish).parent, steps.only(Step::accept).span);
  EXPECT_EQ(steps.only(Step::publish).trace, steps.only(Step::accept).trace);
}

TEST_F(EngineTrace, ARepeatIsAnAcceptOfItsOwn) {
  auto first = traced(hours(1));
  first.idempotency_key = "key";
  auto again = first;
  accept(std::move(first));
  clock.advance(seconds(1));
  accept(std::move(again));
  const auto accepts = steps.of(Step::accept);
  ASSERT_EQ(accepts.size(), 2U);
  EXPECT_EQ(accepts[1].outcome, "exists");
  EXPECT_FALSE(accepts[1].failed);
  EXPECT_NE(accepts[0].span, accepts[1].span);
  EXPECT_EQ(steps.of(Step::store).size(), 1U);
}

TEST_F(EngineTrace, WhatIsRefusedAtTheDoorIsAnAcceptThatFailed) {
  auto bad = traced(seconds(1));
  bad.topic.clear();
  accept(std::move(bad));
  const auto refused = steps.only(Step::accept);
  EXPECT_TRUE(refused.failed);
  EXPECT_FALSE(refused.error.empty());
  EXPECT_EQ(steps.kept.size(), 1U);
}

TEST_F(EngineTrace, WhatTheStoreRefusesIsAStoreThatFailed) {
  events.refuses = [](const Event&) { return Error{.code = Code::disk_full, .detail = "no room"}; };
  std::vector<Event> list;
  list.push_back(traced(seconds(1)));
  engine->events().accept(std::move(list), {}, [](const Result<std::vector<Accepted>>&) {});
  EXPECT_EQ(steps.only(Step::accept).outcome, "disk_full");
  EXPECT_TRUE(steps.only(Step::store).failed);
  EXPECT_EQ(steps.only(Step::store).parent, steps.only(Step::accept).span);
}

TEST_F(EngineTrace, AFarEventIsStoredFarAndTransferred) {
  accept(traced(hours(30)));
  EXPECT_EQ(steps.only(Step::store).tier, Tier::far);
  run_for(hours(31));
  EXPECT_EQ(steps.only(Step::transfer).parent, steps.only(Step::accept).span);
  EXPECT_LE(steps.only(Step::transfer).end, steps.only(Step::window).start);
  EXPECT_EQ(steps.of(Step::publish).size(), 1U);
}

TEST_F(EngineTrace, WhatEndsWithoutAPublishIsSettledWithItsReason) {
  auto late = traced(seconds(1));
  late.max_delay = seconds(1);
  accept(std::move(late));
  clock.advance(seconds(10));
  engine->tick();
  EXPECT_EQ(steps.only(Step::settle).outcome, "skipped");
  EXPECT_EQ(steps.only(Step::settle).reason, "expired");
  EXPECT_FALSE(steps.only(Step::settle).failed);
  EXPECT_TRUE(steps.of(Step::publish).empty());
}

TEST_F(EngineTrace, ADeadLetterIsAFailedSettleAndARedriveASpanOfItsOwn) {
  sink.script = {DeliveryReport{.verdict = Verdict::rejected, .error = "gone"}};
  accept(traced(seconds(0)));
  EXPECT_TRUE(steps.only(Step::settle).failed);
  EXPECT_EQ(steps.only(Step::settle).reason, "rejected");
  EXPECT_EQ(steps.only(Step::settle).error, "gone");
  std::optional<DeadLetter> letter;
  schedules.find_letters({}, [&](Result<DeadLetterPage> page) { letter = page.value().letters.front(); });
  clock.advance(seconds(1));
  engine->redrive(*letter, {}, [](const Result<Accepted>& accepted) { EXPECT_TRUE(accepted); });
  run_for(seconds(1));
  const auto accepts = steps.of(Step::accept);
  ASSERT_EQ(accepts.size(), 2U);
  EXPECT_NE(accepts[0].span, accepts[1].span);
  EXPECT_EQ(accepts[1].trace, accepts[0].trace);
  EXPECT_EQ(steps.of(Step::publish).back().outcome, "delivered");
}

// Whoever fails takes the others of its batch along, which are then there already.
TEST_F(EngineTrace, AnOccurrenceThatIsPlannedAgainIsAcceptedOnce) {
  steps.roots = true;
  const TimePoint start = clock.wall();
  events.refuses = [&](const Event& one) -> std::optional<Error> {
    if (to_micros(one.due_at) / 1'000'000 % 3 != 0 || clock.wall() > start + seconds(5)) return std::nullopt;
    return Error{.code = Code::unavailable, .detail = "its shard is away"};
  };
  Schedule every_second;
  every_second.name = "tick";
  every_second.event_type = "report";
  every_second.event_action = "generate";
  every_second.cron_expression = "* * * * * *";
  engine->schedules().create(std::move(every_second), [](const Result<Schedule>& made) { EXPECT_TRUE(made); });
  run_for(seconds(10));
  std::map<std::string, size_t> made;
  for (const auto& accept : steps.of(Step::accept)) {
    EXPECT_NE(accept.outcome, "exists");
    made[accept.event.text()] += accept.failed ? 0 : 1;
    EXPECT_FALSE(accept.schedule_id.empty());
  }
  EXPECT_GE(made.size(), 10U);
  for (const auto& [event, count] : made) EXPECT_EQ(count, 1U) << event;
}

// Nodes of different versions fire one event between them, so these never change.
TEST(SpanId, FollowsFromEventStepAndRound) {
  const EventId event = derived_id("event");
  EXPECT_EQ(span_id(event, Step::publish, 7).text(), "4ff1b4003b5a434f");
  std::set<std::string> distinct;
  for (const Step step :
       {Step::accept, Step::store, Step::transfer, Step::window, Step::begin, Step::publish, Step::settle}) {
    for (int64_t round = 0; round < 1'000; ++round) distinct.insert(span_id(event, step, round).text());
  }
  EXPECT_EQ(distinct.size(), 7'000U);
}

}  // namespace
}  // namespace schedules
