#include "store/clickhouse/event_row.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "model/record.h"

namespace schedules {
namespace {

constexpr unsigned kNodeAt = 1;
constexpr unsigned kNodeBits = 12;
constexpr unsigned kEarlinessAt = kNodeAt + kNodeBits;
constexpr unsigned kEarlinessBits = 18;
constexpr unsigned kRankAt = kEarlinessAt + kEarlinessBits;
constexpr unsigned kRankBits = 2;
constexpr unsigned kRevisionAt = kRankAt + kRankBits;
constexpr unsigned kRevisionBits = 22;
constexpr unsigned kEndedAt = kRevisionAt + kRevisionBits;
constexpr unsigned kLifeAt = kEndedAt + 1;

constexpr uint64_t most(unsigned bits) { return (uint64_t{1} << bits) - 1; }

std::string headers_json(const Headers& headers) {
  std::string out = "{";
  for (const auto& [name, value] : headers) {
    if (out.size() > 1) out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
  }
  return out + "}";
}

/// The API keeps references that the model has no place for as tags.
std::string_view reference(const Event& event, std::string_view start) {
  for (const std::string_view tag : event.tags) {
    if (tag.starts_with(start)) return tag.substr(start.size());
  }
  return {};
}

template <class Number>
Number clamped(uint64_t value) {
  return static_cast<Number>(std::min<uint64_t>(value, std::numeric_limits<Number>::max()));
}

bool is_pending(FarStatus status) { return status == FarStatus::pending; }

/// All but the body, which has its column.
std::string packed(const FarRow& row) {
  Event event = row.event;
  event.body.clear();
  const bool cancelled = row.status == FarStatus::cancelled;
  std::string out;
  pack(event, cancelled ? State::cancelled : State::pending, Tier::far, row.outcome, out);
  return out;
}

std::optional<TimePoint> only_if(bool wanted, TimePoint time) { return wanted ? std::optional(time) : std::nullopt; }

}  // namespace

std::string FarRow::schedule_id() const { return event.schedule_id.empty() ? event.id.text() : event.schedule_id; }

bool FarRow::same_key(const FarRow& other) const {
  return event.id == other.event.id && event.due_at == other.event.due_at &&
         event.schedule_id == other.event.schedule_id;
}

uint64_t FarVersion::at(TimePoint time, uint64_t node) const {
  const auto millis = static_cast<uint64_t>(to_micros(time) / 1000);
  return static_cast<uint64_t>(life) << kLifeAt | static_cast<uint64_t>(ended) << kEndedAt |
         std::min(revision, most(kRevisionBits)) << kRevisionAt | static_cast<uint64_t>(rank) << kRankAt |
         (~millis & most(kEarlinessBits)) << kEarlinessAt | (node & most(kNodeBits)) << kNodeAt;
}

FarVersion FarVersion::of(uint64_t version) {
  return FarVersion{.life = static_cast<uint8_t>(version >> kLifeAt),
                    .ended = (version >> kEndedAt & 1U) != 0,
                    .revision = version >> kRevisionAt & most(kRevisionBits),
                    .rank = static_cast<uint8_t>(version >> kRankAt & most(kRankBits))};
}

std::string_view row_columns() {
  return "schedule_id, event_id, topic, entity_type, entity_id, action, actor_type, actor_id, body, headers, "
         "correlation_id, scheduled_at, max_delay_seconds, priority, source, source_id, source_execution_id, status, "
         "created_at, updated_at, completed_at, error, retry_count, max_retries, transferred_to_redis_at, event_key, "
         "tags, revision, record, batch, version";
}

void append_row(std::string& out, const FarRow& row, uint64_t batch) {
  const Event& event = row.event;
  clickhouse::RowWriter writer(out);
  const auto time = [&](TimePoint value) { writer.time(value); };
  const auto text = [&](std::string_view value) { writer.text(value); };
  const bool ended = row.status == FarStatus::cancelled;
  writer.text(row.schedule_id());
  writer.id(event.id);
  writer.text(event.topic);
  writer.text(event.entity_type);
  writer.text(event.entity_id);
  writer.text(event.action);
  writer.text(event.actor_type);
  writer.text(event.actor_id);
  writer.text(is_pending(row.status) ? std::string_view(event.body) : std::string_view());
  writer.text(headers_json(event.headers));
  writer.text(event.correlation_id);
  writer.time(event.due_at);
  writer.number<uint32_t>(event.max_delay ? clamped<uint32_t>(static_cast<uint64_t>(event.max_delay->count())) : 0);
  writer.number<int32_t>(event.priority);
  writer.text(event.source);
  writer.text(event.schedule_id.empty() ? reference(event, "source_id=") : std::string_view(event.schedule_id));
  writer.text(reference(event, "source_execution_id="));
  writer.number(static_cast<int8_t>(row.status));
  writer.time(event.created_at);
  writer.time(row.written_at);
  writer.nullable(only_if(ended, row.outcome.settled_at), time);
  writer.nullable(ended ? std::optional(row.outcome.reason) : std::nullopt, text);
  writer.number(clamped<uint8_t>(event.attempt));
  writer.number<uint32_t>(event.max_retries);
  writer.nullable(only_if(row.status == FarStatus::transferred, row.written_at), time);
  writer.text(event.key);
  writer.texts(event.tags);
  writer.number<uint64_t>(event.revision);
  writer.text(packed(row));
  writer.number<uint64_t>(batch);
  writer.number<uint64_t>(row.version);
}

Result<FarRow> read_row(clickhouse::RowReader& reader) {
  FarRow row;
  row.status = static_cast<FarStatus>(reader.number<int8_t>());
  const auto record = reader.text();
  const auto body = reader.text();
  row.written_at = reader.time();
  row.version = reader.number<uint64_t>();
  if (!reader.ok()) return fail(Code::corrupt, "ClickHouse's answer of events ends too early");
  auto stored = unpack(record);
  if (!stored) return fail(std::move(stored.error()));
  row.event = std::move(stored->event);
  row.outcome = std::move(stored->outcome);
  if (is_pending(row.status)) row.event.body = body;
  return row;
}

void append_id(std::string& out, const FarRow& row, uint64_t batch) {
  clickhouse::RowWriter writer(out);
  writer.id(row.event.id);
  writer.time(row.event.due_at);
  writer.text(row.event.schedule_id);
  writer.number<uint64_t>(batch);
}

}  // namespace schedules
