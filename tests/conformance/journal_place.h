// A journal with a topic of its own beside a real Kafka, of four shards.
#pragma once

#include "base/await.h"
#include "journal/kafka/kafka_journal.h"
#include "tests/conformance/kafka_publish.h"

namespace schedules::testing {

inline uint32_t shard_of_four(const EventId& id) { return id.bytes[15] % 4U; }

inline std::unique_ptr<KafkaJournal> open_journal(const std::string& topic, uint32_t partitions = 4) {
  auto journal = KafkaJournal::open(
      {.cluster = kafka_options(), .topic = topic, .partitions = partitions, .shard_of = shard_of_four}, test_clock());
  if (!journal) throw std::runtime_error(journal.error().detail);
  // A topic that was made a moment ago may have no leader yet; what is forgotten was never there.
  const bool there = eventually([&] {
    return await<void>([&](Done<void> done) { (*journal)->forget({derived_id("nobody")}, std::move(done)); })
        .has_value();
  });
  if (!there) throw std::runtime_error("the journal cannot be written");
  return std::move(*journal);
}

inline Status append(Journal& journal, std::vector<Event> events, bool redriven = false) {
  return await<void>([&](Done<void> done) { journal.append(std::move(events), redriven, std::move(done)); });
}
inline Status forget(Journal& journal, std::vector<EventId> ids) {
  return await<void>([&](Done<void> done) { journal.forget(std::move(ids), std::move(done)); });
}

/// What a replay of all shards hands on; fails where one event comes twice.
inline std::map<EventId, Event> replayed(Journal& journal, ReplayFrom from = {}) {
  std::map<EventId, Event> out;
  for (uint32_t shard = 0; shard < 4; ++shard) {
    const auto done = journal.replay(shard, from,
                                     {.take = [&](std::vector<Event> events) -> Status {
                                        for (auto& event : events) {
                                          EXPECT_EQ(shard_of_four(event.id), shard);
                                          EXPECT_TRUE(out.emplace(event.id, event).second) << "twice";
                                        }
                                        return {};
                                      },
                                      .progress = {},
                                      .give_up = {}});
    if (!done) throw std::runtime_error(done.error().detail);
  }
  return out;
}

}  // namespace schedules::testing
