#include "app/sinks.h"

#include "app/servers.h"
#include "fmt/ranges.h"

namespace schedules {

Result<std::unique_ptr<Sinks>> Sinks::open(const Settings& settings, TailStore& tail, const Clock& clock) {
  std::unique_ptr<Sinks> sinks(new Sinks());
  if (settings.default_target != TargetKind::automatic) sinks->default_target_ = settings.default_target;
  auto egress = EgressPolicy::parse(fmt::format("{}", fmt::join(settings.webhook_allow, ",")));
  if (!egress) return fail(egress.error());
  sinks->egress_ = *egress;
  sinks->format_ = thread_executor("stream-format");
  sinks->fan_out_ = thread_executor("stream-fan-out");
  sinks->replay_ = thread_executor("stream-replay");
  sinks->handling_ = thread_executor("handlers");
  sinks->hub_ = std::make_unique<StreamHub>(tail, *sinks->fan_out_, *sinks->replay_);
  sinks->stream_ = std::make_unique<StreamSink>(tail, *sinks->hub_, *sinks->format_);
  sinks->webhook_ =
      std::make_unique<WebhookSink>(WebhookOptions{.egress = *egress,
                                                   .secret = settings.webhook_secret,
                                                   .timeout = std::chrono::seconds(settings.webhook_timeout_seconds)},
                                    clock);
  auto log = LogSink::open(LogOptions{.path = settings.log_sink_path});
  if (!log) return fail(log.error());
  sinks->log_ = std::move(*log);
  sinks->shown_webhook_ = std::make_unique<TeeSink>(*sinks->webhook_, *sinks->stream_);
  sinks->shown_log_ = std::make_unique<TeeSink>(*sinks->log_, *sinks->stream_);
  sinks->handler_ = std::make_unique<HandlerSink>(*sinks->handling_);
  if (settings.kafka_brokers.empty()) return sinks;
  auto kafka = KafkaSink::open(kafka_sink_options_of(settings), clock);
  if (!kafka) return fail(kafka.error());
  sinks->kafka_ = std::move(*kafka);
  sinks->shown_kafka_ = std::make_unique<TeeSink>(*sinks->kafka_, *sinks->stream_);
  if (settings.default_target == TargetKind::automatic) sinks->default_target_ = TargetKind::kafka;
  return sinks;
}

Sinks::~Sinks() = default;

Sink* Sinks::sink_for(const Event& event) {
  const TargetKind kind = event.target.kind == TargetKind::automatic ? default_target_ : event.target.kind;
  switch (kind) {
    case TargetKind::automatic:
    case TargetKind::stream:
      return stream_.get();
    case TargetKind::webhook:
      return shown_webhook_.get();
    case TargetKind::log:
      return shown_log_.get();
    case TargetKind::handler:
      return handler_.get();
    case TargetKind::kafka:
      return shown_kafka_.get();
  }
  return nullptr;
}

void Sinks::stop(std::chrono::milliseconds grace) {
  webhook_->stop(grace);
  if (kafka_) kafka_->stop(grace);
  hub_->close();
}

Status Sinks::reopen_log() { return log_->reopen(); }

Status Sinks::check_target(const Target& target) const {
  if (target.kind == TargetKind::webhook) return check_webhook_url(target.url, egress_);
  if (target.kind == TargetKind::kafka && !kafka_) {
    return fail_field(Code::invalid_argument, "target.type", "no Kafka brokers are configured here");
  }
  return {};
}

}  // namespace schedules
