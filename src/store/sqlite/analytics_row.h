// Posted analytics records as rows. Each change runs inside the caller's transaction.
#pragma once

#include <vector>

#include "model/analytics.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

/// What read_record expects to be selected.
inline constexpr std::string_view kRecordColumns =
    "id, type, schedule_id, schedule_name, level, event_type, event_action, entity_id, correlation_id, scheduled_at, "
    "started_at, completed_at, mongo_queue, clickhouse_queue, redis_queue, processing, publish, result, retry_count, "
    "error, node, topic, partition, offset, mongo_execution_id, clickhouse_id, redis_key";
/// Errors: corrupt.
Result<AnalyticsRecord> read_record(const Query& row);

/// A known id is left out.
Status insert_records(Database& database, const std::vector<AnalyticsRecord>& records);
/// Removes those that completed before `before`; answers how many.
Result<uint64_t> expire_records(Database& database, TimePoint before);

}  // namespace schedules::sqlite
