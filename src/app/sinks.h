// The sinks that are configured, and which of them an event goes to.
#pragma once

#include <memory>

#include "config/settings.h"
#include "engine/ports.h"
#include "sink/handler/handler_sink.h"
#include "sink/kafka/kafka_sink.h"
#include "sink/log/log_sink.h"
#include "sink/stream/stream_hub.h"
#include "sink/stream/stream_sink.h"
#include "sink/stream/tee_sink.h"
#include "sink/webhook/webhook_sink.h"

namespace schedules {

class Sinks final : public SinkDirectory {
 public:
  /// Errors: io_error (the log file), invalid_argument (webhook networks). `tail` and `clock` must outlive it.
  static Result<std::unique_ptr<Sinks>> open(const Settings& settings, TailStore& tail, const Clock& clock);
  /// Executors end here; the tail must have answered what was asked of it.
  ~Sinks() override;

  Sink* sink_for(const Event& event) override;
  Status check_target(const Target& target) const override;
  StreamHub& hub() { return *hub_; }
  HandlerSink& handlers() { return *handler_; }
  WebhookSink& webhook() { return *webhook_; }
  /// Events for Kafka are published by this one from now on; it outlives what is under way.
  void publish_into_kafka_by(Sink& sink) { shown_kafka_ = std::make_unique<TeeSink>(sink, *stream_); }
  /// Null: no brokers are set.
  KafkaSink* kafka() { return kafka_.get(); }
  /// Ends what is under way within `grace`; readers of the stream are told.
  void stop(std::chrono::milliseconds grace);
  /// Log rotation.
  Status reopen_log();

 private:
  Sinks() = default;

  TargetKind default_target_ = TargetKind::stream;
  EgressPolicy egress_;
  std::unique_ptr<Executor> format_;
  std::unique_ptr<Executor> fan_out_;
  std::unique_ptr<Executor> replay_;
  std::unique_ptr<Executor> handling_;
  std::unique_ptr<StreamHub> hub_;
  std::unique_ptr<StreamSink> stream_;
  std::unique_ptr<WebhookSink> webhook_;
  std::unique_ptr<TeeSink> shown_webhook_;
  std::unique_ptr<LogSink> log_;
  std::unique_ptr<TeeSink> shown_log_;
  std::unique_ptr<HandlerSink> handler_;
  std::unique_ptr<KafkaSink> kafka_;
  std::unique_ptr<TeeSink> shown_kafka_;
};

}  // namespace schedules
