// The Kafka sink: publishes fired events to their topics, idempotent and acknowledged by all replicas. Topics that are
// missing are made first, or their events rejected where that is not allowed.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "kafka/options.h"
#include "kafka/producer.h"
#include "sink/kafka/topics.h"
#include "sink/sink.h"
#include "time/clock.h"

namespace schedules {

struct KafkaSinkOptions {
  kafka::KafkaOptions cluster;
  kafka::ProducerOptions producer;
  TopicDefaults topics;
  std::chrono::milliseconds topic_timeout{5'000};  ///< of asking for a topic, and of making it
};

class KafkaSink final : public Sink {
 public:
  /// Connects in the background: a cluster that is away is no error here. Errors: invalid_argument. The clock must
  /// outlive the sink.
  static Result<std::unique_ptr<KafkaSink>> open(KafkaSinkOptions options, const Clock& clock);
  /// As stop(0).
  ~KafkaSink() override;

  [[nodiscard]] std::string_view name() const override { return "kafka"; }
  [[nodiscard]] size_t batch_limit() const override { return 1'000; }
  [[nodiscard]] std::string lane_of(const Event& /*event*/) const override { return "cluster"; }
  /// Reports come on a thread of the sink; see report_of in verdict.h. Events of one key arrive in the order given. A
  /// record that was refused together with others of its batch is sent once more on its own before it is judged.
  void publish(std::vector<Delivery> deliveries, Published done) override;

  /// Whether the cluster answers, for health: blocks for `timeout` at most. Thread-safe.
  Result<kafka::Cluster::Facts> probe(std::chrono::milliseconds timeout) const;

  /// Takes nothing new, waits up to `grace` for what is under way, then reports the rest as retries and waits for those
  /// reports to be taken. Blocking; may be repeated; not from within a report.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  explicit KafkaSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
