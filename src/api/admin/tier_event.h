// Events in the contract's two views of the tiers (docs/reference/contract, 1.3 and 1.4): `scheduled` is that of the
// far tier (ClickHouse), `redis` that of the near one. Both are events of ours; only names and statuses differ. Pure.
#pragma once

#include <optional>
#include <string>

#include "api/faults.h"
#include "engine/claims.h"
#include "model/schedule.h"

namespace schedules::api {

enum class TierView : uint8_t { scheduled, redis };

/// What a caller wrote; a field that was not given is nullopt. Unknown members are ignored, null counts as not given.
struct TierEventInput {
  std::optional<std::string> topic;
  std::optional<std::string> entity_type;
  std::optional<std::string> entity_id;
  std::optional<std::string> action;
  std::optional<std::string> actor_type;
  std::optional<std::string> actor_id;
  std::optional<std::string> payload;  ///< JSON text of an object
  std::optional<Headers> headers;
  std::optional<TimePoint> scheduled_at;
  std::optional<std::chrono::seconds> max_delay;
  std::optional<int8_t> priority;
  std::optional<uint32_t> max_retries;
  std::optional<std::string> correlation_id;
  std::optional<std::string> source;
  std::optional<std::string> source_id;
  std::optional<std::string> source_execution_id;
  std::optional<std::string> clickhouse_schedule_id;
  std::optional<std::string> status;  ///< of an update
  std::optional<std::string> error;   ///< of an update with status error

  /// Into a new event or over a stored one.
  void apply(Event& event) const;
};

TierEventInput read_tier_event(TierView view, const json::Document& document, Faults& faults);
/// Notes the fields that a new event lacks.
void require_tier_event(TierView view, const json::Document& document, Faults& faults);

/// One event as a view shows it.
struct TierRow {
  StoredEvent stored;
  std::string node_id;          ///< which process ended it, where known
  std::optional<Claim> claim;   ///< who holds it
  bool from_execution = false;  ///< its store has forgotten it: only what its execution tells
};
TierRow row_of(const Execution& execution);
TierRow row_of(DeadLetter letter);

/// nullopt: the view does not show it (cancelled; far, in the redis view).
std::optional<std::string_view> status_of(TierView view, const StoredEvent& stored);
bool is_status(TierView view, std::string_view text);
/// The source under the contract's names: kafka_delayed, mongo_schedule, api_request, system; in the redis view as it
/// is.
std::string source_of(TierView view, const Event& event);
void append_tier_event(std::string& out, TierView view, const TierRow& row);

}  // namespace schedules::api
