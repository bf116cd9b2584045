// The journal in a compacted Kafka topic. A shard's events lie in one partition, so that its owner replays just that one.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "journal/journal.h"
#include "kafka/options.h"
#include "kafka/producer.h"
#include "time/clock.h"

namespace schedules {

struct KafkaJournalOptions {
  kafka::KafkaOptions cluster;
  std::string topic = "schedules.journal";
  uint32_t partitions = 16;  ///< of a topic that is made: the number of shards; else what it has
  int replication = 1;       ///< -1: as the cluster does by default
  std::chrono::milliseconds message_timeout{10'000};
  std::chrono::milliseconds patience{30'000};  ///< of a replay, for the next record
  size_t batch = 2'000;                        ///< events that a replay hands on together
  std::function<uint32_t(const EventId&)> shard_of;
};

class KafkaJournal final : public Journal {
 public:
  /// Connects in the background. Errors: invalid_argument. The clock must outlive it.
  static Result<std::unique_ptr<KafkaJournal>> open(KafkaJournalOptions options, const Clock& clock);
  /// As close().
  ~KafkaJournal() override;
  /// What is under way answers shutting_down, and so does every later call. Blocking; may be repeated.
  void close();

  void append(std::vector<Event> events, bool redriven, Done<void> done) override;
  void forget(std::vector<EventId> ids, Done<void> done) override;
  Result<ReplayProgress> replay(uint32_t shard, ReplayFrom from, const Replay& replay) override;

  [[nodiscard]] const std::string& topic() const;
  /// Where a shard's records lie. Makes the topic where it is missing, and then blocks. Errors: those of making it.
  Result<int32_t> partition_of(uint32_t shard);

 private:
  struct Impl;
  explicit KafkaJournal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
