// How settings say to reach the servers: MongoDB, Redis, ClickHouse, Kafka. Pure but for files that hold keys.
#pragma once

#include "clickhouse/client.h"
#include "config/settings.h"
#include "ingest/kafka/delayed_ingest.h"
#include "redis/client.h"
#include "sink/kafka/kafka_sink.h"
#include "store/mongo/schedule_store.h"
#include "store/redis/redis_store.h"

namespace schedules {

/// Errors: invalid_argument with the setting's name as field, for each of these.
Result<MongoScheduleOptions> mongo_options_of(const Settings& settings);
Result<redis::Url> redis_url_of(const Settings& settings);
redis::Options redis_options_of(const Settings& settings);
RedisStoreOptions redis_store_options_of(const Settings& settings);
Result<clickhouse::Url> clickhouse_url_of(const Settings& settings);
KafkaSinkOptions kafka_sink_options_of(const Settings& settings);
DelayedIngestOptions delayed_ingest_options_of(const Settings& settings);

/// The horizon of the near store; everything is near where the hybrid scheduler is off.
Duration immediate_horizon(const Settings& settings);

}  // namespace schedules
