#include "app/servers.h"

#include "engine/plan.h"

namespace schedules {
namespace {

constexpr std::array<const char*, 4> kSecurity{"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};

template <class Url>
Result<Url> with_field(Result<Url> url, const char* field) {
  if (!url) url.error().field = field;
  return url;
}

kafka::KafkaOptions kafka_options_of(const Settings& settings) {
  kafka::KafkaOptions options;
  options.brokers = settings.kafka_brokers;
  options.security_protocol = kSecurity.at(static_cast<size_t>(settings.kafka_security_protocol));
  options.sasl_mechanism = settings.kafka_sasl_mechanism;
  options.sasl_username = settings.kafka_sasl_username;
  options.sasl_password = settings.kafka_sasl_password;
  options.ssl_ca_file = settings.kafka_ssl_ca_file;
  options.ssl_certificate_file = settings.kafka_ssl_certificate_file;
  options.ssl_key_file = settings.kafka_ssl_key_file;
  options.ssl_key_password = settings.kafka_ssl_key_password;
  return options;
}

}  // namespace

Duration immediate_horizon(const Settings& settings) {
  if (!settings.use_hybrid_scheduler) return std::chrono::hours(24 * 36'600);  // all are near
  return std::chrono::seconds(settings.immediate_horizon_seconds);
}

Result<MongoScheduleOptions> mongo_options_of(const Settings& settings) {
  auto url = with_field(mongo::parse_url(settings.mongo_url), "schedules_MONGO_URL");
  if (!url) return fail(url.error());
  const bool cron_seconds_last = settings.cron_seconds_field == SecondsField::last;
  return MongoScheduleOptions{
      .url = std::move(*url),
      .client = {},
      .layout = {.history_ttl = std::chrono::days(settings.execution_history_ttl_days), .node_id = settings.node_id},
      .replan = [cron_seconds_last](Schedule& schedule, ForeignEdit edit, TimePoint now) {
        return replan(schedule, edit == ForeignEdit::rule, now, cron_seconds_last);
      }};
}

Result<redis::Url> redis_url_of(const Settings& settings) {
  return with_field(redis::parse_url(settings.redis_url), "schedules_REDIS_URL");
}

redis::Options redis_options_of(const Settings& settings) {
  redis::Options options;
  options.ca_file = settings.redis_ca_file;
  return options;
}

RedisStoreOptions redis_store_options_of(const Settings& settings) {
  RedisStoreOptions options;
  options.prefix = settings.redis_prefix;
  options.shards = static_cast<uint32_t>(settings.shards);
  options.node_id = settings.node_id;
  options.dedupe_window = std::chrono::seconds(settings.dedupe_window_seconds);
  options.lookahead = std::max(options.lookahead, Duration(std::chrono::seconds(2 * settings.window_seconds)));
  options.wait_replicas = static_cast<uint32_t>(settings.redis_wait_replicas);
  options.compress = settings.redis_compress;
  return options;
}

Result<clickhouse::Url> clickhouse_url_of(const Settings& settings) {
  return with_field(clickhouse::parse_url(settings.clickhouse_url), "schedules_CLICKHOUSE_URL");
}

KafkaSinkOptions kafka_sink_options_of(const Settings& settings) {
  KafkaSinkOptions options;
  options.cluster = kafka_options_of(settings);
  options.producer.message_timeout = std::chrono::seconds(settings.kafka_message_timeout_seconds);
  options.topics = {.create = settings.kafka_create_topics,
                    .partitions = static_cast<int>(settings.kafka_default_partitions),
                    .replication = static_cast<int>(settings.kafka_default_replication_factor),
                    .settings = {{"retention.ms", std::to_string(settings.kafka_retention_ms)}},
                    .main_topic = settings.default_topic,
                    .main_topic_partitions = static_cast<int>(settings.kafka_default_hl_partitions)};
  return options;
}

DelayedIngestOptions delayed_ingest_options_of(const Settings& settings) {
  DelayedIngestOptions options;
  options.cluster = kafka_options_of(settings);
  options.topic = settings.kafka_delayed_topic;
  options.group = settings.kafka_group_id + ".schedules.delayed_events";
  options.session_timeout = std::chrono::seconds(settings.kafka_session_timeout_seconds);
  options.max_retries = static_cast<uint32_t>(settings.max_retries);
  options.retry_delay = std::chrono::seconds(settings.retry_delay_seconds);
  options.create_topics = settings.kafka_create_topics;
  options.partitions = static_cast<int>(settings.kafka_default_partitions);
  options.replication = static_cast<int>(settings.kafka_default_replication_factor);
  return options;
}

}  // namespace schedules
