// Near store: begin against begin, cancel and change, by many threads. Each event must have exactly one fate.
#include <latch>
#include <ranges>
#include <thread>

#include "tests/conformance/event_backend.h"

namespace schedules::testing {

using namespace std::chrono_literals;

namespace {

constexpr uint64_t kEvents = 400;

std::vector<Event> many_events() {
  std::vector<Event> events;
  for (uint64_t i = 0; i < kEvents; ++i) events.push_back(sample_event(i, Duration(static_cast<int64_t>(i))));
  return events;
}

/// Runs all at once and waits for their end.
void race(std::vector<std::function<void()>> racers) {
  std::latch start(static_cast<std::ptrdiff_t>(racers.size()));
  std::vector<std::jthread> threads;
  for (auto& racer : racers) {
    threads.emplace_back([&start, racer] {
      start.arrive_and_wait();
      racer();
    });
  }
}

}  // namespace

TEST_P(NearStoreRaceTest, EveryEventIsBegunOnce) {
  open();
  put(many_events());
  clock.advance(1s);
  const auto entries = window(Duration{}).entries;
  ASSERT_EQ(entries.size(), kEvents);
  std::mutex mutex;
  std::map<EventId, int> begun;
  std::vector<std::function<void()>> racers;
  for (size_t t = 0; t < 6; ++t) {
    racers.emplace_back([&, t] {
      for (size_t i = 0; i < entries.size(); i += 20) {
        const size_t from = (i + t * 60) % entries.size();
        const auto events = begin({entries.begin() + static_cast<std::ptrdiff_t>(from),
                                   entries.begin() + static_cast<std::ptrdiff_t>(from + 20)});
        const std::scoped_lock lock(mutex);
        for (const auto& event : events) ++begun[event.id];
      }
    });
  }
  race(std::move(racers));
  EXPECT_EQ(begun.size(), kEvents);
  for (const auto& [id, times] : begun) EXPECT_EQ(times, 1) << id.text();
}

TEST_P(NearStoreRaceTest, CancelledIsNeverBegun) {
  open();
  put(many_events());
  clock.advance(1s);
  const auto entries = window(Duration{}).entries;
  std::mutex mutex;
  std::set<EventId> begun;
  std::map<EventId, ChangeResult> answers;
  const auto beginner = [&](bool backwards) {
    for (size_t i = 0; i < entries.size(); ++i) {
      const auto& entry = entries[backwards ? entries.size() - 1 - i : i];
      for (const auto& event : begin({entry})) {
        const std::scoped_lock lock(mutex);
        begun.insert(event.id);
      }
    }
  };
  const auto canceller = [&](size_t from) {
    for (size_t i = from; i < entries.size(); i += 2) {
      const auto answer = cancel(entries[i].id).result;
      const std::scoped_lock lock(mutex);
      answers[entries[i].id] = answer;
    }
  };
  race({[&] { beginner(true); }, [&] { canceller(0); }, [&] { canceller(1); }});
  for (const auto& [id, answer] : answers) {
    EXPECT_TRUE(answer == ChangeResult::done || answer == ChangeResult::in_flight);
    EXPECT_EQ(begun.contains(id), answer == ChangeResult::in_flight) << id.text();
  }
  EXPECT_EQ(answers.size(), kEvents);
}

TEST_P(NearStoreRaceTest, ChangedIsBegunOnlyAsItIsNow) {
  open();
  put(many_events());
  clock.advance(1s);
  const auto entries = window(Duration{}).entries;
  std::mutex mutex;
  std::map<EventId, uint64_t> begun_revision;
  std::map<EventId, ChangeResult> answers;
  const auto beginner = [&] {
    for (const auto& entry : entries) {
      for (const auto& event : begin({entry})) {
        const std::scoped_lock lock(mutex);
        begun_revision[event.id] = event.revision;
      }
    }
  };
  const auto changer = [&] {
    for (const auto& entry : entries | std::views::reverse) {
      Event event = sample_event(0);
      event.id = entry.id;
      event.due_at = event.fire_at = entry.fire_at;  // at the same time: only the content is another
      event.body = R"({"changed":true})";
      const auto answer = change(event).result;
      const std::scoped_lock lock(mutex);
      answers[entry.id] = answer;
    }
  };
  race({beginner, changer});
  for (const auto& [id, answer] : answers) {
    ASSERT_TRUE(answer == ChangeResult::done || answer == ChangeResult::in_flight);
    const uint64_t expected = answer == ChangeResult::done ? 2 : 1;
    if (begun_revision.contains(id)) {
      EXPECT_EQ(begun_revision[id], expected) << id.text();
    }
  }
}

TEST_P(NearStoreRaceTest, PlannedNeverReplacesWhatWasBegun) {
  open();
  auto events = many_events();
  for (auto& event : events) event.schedule_revision = 1;
  put(events, PutMode::planned);
  clock.advance(1s);
  const auto entries = window(Duration{}).entries;
  std::mutex mutex;
  std::map<EventId, uint64_t> begun;
  std::map<EventId, PutResult> answers;
  race({[&] {
          for (const auto& entry : entries) {
            for (const auto& event : begin({entry})) {
              const std::scoped_lock lock(mutex);
              begun[event.id] = event.schedule_revision;
            }
          }
        },
        [&] {
          for (size_t i = events.size(); i-- > 0;) {
            Event newer = events[i];
            newer.schedule_revision = 2;
            const auto answer = put_one(newer, PutMode::planned).result;
            const std::scoped_lock lock(mutex);
            answers[newer.id] = answer;
          }
        }});
  for (const auto& [id, answer] : answers) {
    if (answer == PutResult::created) {
      EXPECT_NE(begun.contains(id) ? begun[id] : 2, 1U) << id.text();
    } else {
      EXPECT_EQ(begun[id], 1U) << id.text();
    }
  }
}

TEST_P(NearStoreRaceTest, PutsOfOneIdByManyThreadsMakeOneEvent) {
  open();
  std::atomic<int> created = 0;
  std::vector<std::function<void()>> racers;
  for (int t = 0; t < 4; ++t) {
    racers.emplace_back([&] {
      for (uint64_t i = 0; i < 100; ++i) created += put_one(sample_event(i)).result == PutResult::created ? 1 : 0;
    });
  }
  race(std::move(racers));
  EXPECT_EQ(created, 100);
  EXPECT_EQ(counts().pending, 100U);
}

}  // namespace schedules::testing
