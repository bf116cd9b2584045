// Publishers, readers that come and go, and slow ones, all at once: every reader sees every message once, in order.
#include <atomic>
#include <thread>

#include "tests/unit/sink/stream_reader.h"

namespace schedules::testing {
namespace {

#ifdef SCHEDULES_SANITIZED
constexpr uint64_t kMessages = 20'000;
#else
constexpr uint64_t kMessages = 100'000;
#endif

struct Race {
  MemoryTail tail;
  std::unique_ptr<Executor> fan_out = thread_executor("fan-out");
  std::unique_ptr<Executor> replay = thread_executor("replay");
  StreamHub hub{tail, *fan_out, *replay, {.queue_bytes = 8192, .queue_messages = 300, .chunk_bytes = 512}};

  void publish_all() {
    StreamFeed feed(tail, hub);
    uint64_t sent = 0;
    while (sent < kMessages) {
      const size_t batch = std::min<uint64_t>(1 + sent % 97, kMessages - sent);
      feed.fire(batch);
      sent += batch;
    }
  }

  /// Reads up to `until`, checking that each sequence follows the one before.
  void read(std::optional<uint64_t> after, uint64_t until) {
    StreamReader reader(hub, after);
    uint64_t last = after.value_or(0);
    bool first = !after.has_value();
    while (last < until) {
      const auto ids = reader.take_ids();
      for (const uint64_t id : ids) {
        if (!std::exchange(first, false)) {
          ASSERT_EQ(id, last + 1);
        }
        last = id;
      }
      ASSERT_FALSE(reader.error());
      if (last < until) reader.wait_ready();
    }
  }
};

TEST(StreamRace, NoGapAndNoRepeatWhilePublishing) {
  Race race;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back([&] { race.read(0, kMessages); });
  std::thread resuming([&] {
    for (uint64_t at = 0; at < kMessages; at += 1000) race.read(at, at + 1000);
  });
  std::thread publisher([&] { race.publish_all(); });
  publisher.join();
  resuming.join();
  for (auto& reader : readers) reader.join();
}

TEST(StreamRace, LiveReadersJoinAnywhere) {
  Race race;
  std::atomic<bool> published = false;
  std::thread joining([&] {
    // Reads until the end from wherever it happens to start; the last round may start after the end.
    while (!published) {
      StreamReader reader(race.hub, std::nullopt);
      uint64_t last = 0;
      for (int rounds = 0; rounds < 20; ++rounds) {
        for (const uint64_t id : reader.take_ids()) {
          if (last != 0) {
            ASSERT_EQ(id, last + 1);
          }
          last = id;
        }
      }
    }
  });
  race.publish_all();
  published = true;
  joining.join();
}

TEST(StreamRace, TwoPublishersInterleave) {
  Race race;
  std::thread reader([&] { race.read(0, 2 * kMessages); });
  std::thread one([&] { race.publish_all(); });
  std::thread other([&] { race.publish_all(); });
  one.join();
  other.join();
  reader.join();
}

}  // namespace
}  // namespace schedules::testing
