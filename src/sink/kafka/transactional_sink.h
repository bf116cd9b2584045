// The Kafka sink with a journal: each event is published in one transaction with the end of its record there, so that readers
// of committed records see it once, whatever dies. One transactional producer a shard, fenced when another node takes it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sink/kafka/kafka_sink.h"

namespace schedules {

/// What the sink asks of those who know about shards. Called on threads of the sink, and may block.
struct ShardFacts {
  std::function<uint32_t(const EventId&)> shard_of;
  /// The epoch under which this node may act on the shard now.
  std::function<std::optional<uint64_t>(uint32_t shard)> epoch_of;
  std::function<Result<int32_t>(uint32_t shard)> journal_partition_of;
  /// From which offset of the journal on events may have been published whose end the store does not know. nullopt: it
  /// is not known, and all of it is read.
  std::function<Result<std::optional<int64_t>>(uint32_t shard)> unsettled_from;
  /// Notes the same, as the owner of this epoch.
  std::function<void(uint32_t shard, uint64_t epoch, int64_t offset)> note_unsettled_from;
  /// Of these, which still wait or are in flight in the store.
  std::function<Result<std::vector<EventId>>(std::vector<EventId>)> still_waiting;
};

struct TransactionalSinkOptions {
  KafkaSinkOptions kafka;  ///< cluster, topics, time-outs
  std::string journal_topic = "schedules.journal";
  std::string id_prefix = "stufio-schedules";  ///< transactional.id is this and ".<shard>"
  std::chrono::milliseconds linger{2};         ///< how long a transaction waits for more
  /// A shard's next transaction begins so long after the last one, as each costs much the same whatever its size.
  std::chrono::milliseconds pause{40};
  /// The same where `many` events wait. One that begins sooner, while the brokers still end the last one, is put off by
  /// the client for 20 ms.
  std::chrono::milliseconds short_pause{5};
  size_t many = 200;
  size_t most = 1'000;  ///< events in a transaction
  std::chrono::milliseconds transaction_timeout{20'000};
};

class TransactionalSink final : public Sink {
 public:
  /// Connects in the background. Errors: invalid_argument. The clock must outlive it.
  static Result<std::unique_ptr<TransactionalSink>> open(TransactionalSinkOptions options, ShardFacts facts,
                                                         const Clock& clock);
  /// As close().
  ~TransactionalSink() override;

  [[nodiscard]] std::string_view name() const override { return "kafka"; }
  /// So large that a lane takes all that an engine has in flight: a transaction takes as long whatever its size.
  [[nodiscard]] size_t batch_limit() const override { return 2'000; }
  [[nodiscard]] std::string lane_of(const Event& /*event*/) const override { return "cluster"; }
  /// Reports come on a thread of the sink. Events of one key are published in the order given, though their shards differ.
  void publish(std::vector<Delivery> deliveries, Published done) override;

  /// The shard is taken over under this epoch. Answers once owners before it are fenced and what they published is
  /// decided; then the first publish need not wait for that. Errors: those of opening a producer; shutting_down.
  void take_over(uint32_t shard, uint64_t epoch, Done<void> done);
  /// The store has the ends of these, which were reported delivered. Thread-safe.
  void settled(uint32_t shard, const std::vector<EventId>& ids);
  /// Takes nothing new, waits up to `grace` for what is under way, then reports what has not begun as retries and waits for
  /// the rest. Blocking; may be repeated.
  void stop(std::chrono::milliseconds grace);
  /// As stop(0), and then nothing is asked of the facts any more.
  void close();

 private:
  struct Impl;
  explicit TransactionalSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
