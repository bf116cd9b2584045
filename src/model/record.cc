#include "model/record.h"

#include "base/codec.h"

namespace schedules {
namespace {

// One description of the fields serves both directions, so that they cannot drift apart.
struct Packer {
  Writer out;
  void text(const std::string& value) { out.text(value); }
  template <class Int>
  void number(const Int& value) { out.svarint(static_cast<int64_t>(value)); }
  void time(const TimePoint& value) { out.svarint(to_micros(value)); }
  template <class Unit>
  void duration(const Unit& value) { out.svarint(value.count()); }
  template <class Value, class Each>
  void optional(const std::optional<Value>& value, Each each) {
    out.u8(value ? 1 : 0);
    if (value) each(*value);
  }
  template <class List, class Each>
  void list(const List& values, Each each) {
    out.varint(values.size());
    for (const auto& value : values) each(value);
  }
  void id(const EventId& value) { out.raw(value.view()); }
};

struct Unpacker {
  Reader in;
  void text(std::string& value) { value = std::string(in.text()); }
  template <class Int>
  void number(Int& value) { value = static_cast<Int>(in.svarint()); }
  void time(TimePoint& value) { value = from_micros(in.svarint()); }
  template <class Unit>
  void duration(Unit& value) { value = Unit{in.svarint()}; }
  template <class Value, class Each>
  void optional(std::optional<Value>& value, Each each) {
    if (in.u8() == 0) return;
    value.emplace();
    each(*value);
  }
  template <class List, class Each>
  void list(List& values, Each each) {
    const uint64_t count = in.varint();
    for (uint64_t i = 0; i < count && in.ok(); ++i) each(values.emplace_back());
  }
  void id(EventId& value) {
    const auto bytes = in.raw(value.bytes.size());
    if (bytes.size() == value.bytes.size()) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
  }
};

template <class Visitor, class EventT>
void event_fields(Visitor& v, EventT& e, bool with_body) {
  v.id(e.id);
  v.text(e.topic);
  v.text(e.key);
  v.text(e.entity_type);
  v.text(e.entity_id);
  v.text(e.action);
  v.text(e.correlation_id);
  v.text(e.actor_type);
  v.text(e.actor_id);
  v.list(e.tags, [&](auto& tag) { v.text(tag); });
  v.number(e.target.kind);
  v.text(e.target.url);
  v.text(e.traceparent);
  v.text(e.source);
  v.time(e.due_at);
  v.time(e.fire_at);
  v.time(e.created_at);
  v.number(e.priority);
  v.optional(e.max_delay, [&](auto& value) { v.duration(value); });
  v.number(e.max_retries);
  v.duration(e.retry_delay);
  v.text(e.idempotency_key);
  v.number(e.fingerprint);
  v.number(e.revision);
  v.text(e.schedule_id);
  v.text(e.schedule_name);
  v.number(e.schedule_revision);
  v.optional(e.nominal_at, [&](auto& value) { v.time(value); });
  v.number(e.missed_count);
  v.number(e.attempt);
  v.list(e.attempts, [&](auto& attempt) {
    v.time(attempt.at);
    v.text(attempt.error);
  });
  if (!with_body) return;
  v.text(e.body);
  v.list(e.headers, [&](auto& header) {
    v.text(header.first);
    v.text(header.second);
  });
}

template <class Visitor, class OutcomeT>
void outcome_fields(Visitor& v, OutcomeT& o) {
  v.number(o.state);
  v.time(o.at);
  v.time(o.settled_at);
  v.text(o.reason);
  v.text(o.detail);
  v.text(o.sink);
  v.text(o.position);
}

}  // namespace

void pack(const Event& event, State state, Tier tier, const Outcome& outcome, std::string& out) {
  Packer packer{Writer(out)};
  packer.out.u8(kRecordLayout);
  packer.out.u8(static_cast<uint8_t>(state));
  packer.out.u8(static_cast<uint8_t>(tier));
  event_fields(packer, event, !is_final(state));
  if (is_final(state)) outcome_fields(packer, outcome);
}

void pack(const StoredEvent& stored, std::string& out) {
  pack(stored.event, stored.state, stored.tier, stored.outcome, out);
}

Result<StoredEvent> unpack(std::string_view bytes) {
  Unpacker unpacker{Reader(bytes)};
  const uint8_t layout = unpacker.in.u8();
  if (unpacker.in.ok() && layout > kRecordLayout) {
    return fail(Code::newer_layout, "an event record has layout {}, this version knows {}", layout, kRecordLayout);
  }
  StoredEvent stored;
  const uint8_t state = unpacker.in.u8();
  const uint8_t tier = unpacker.in.u8();
  if (state > static_cast<uint8_t>(State::dead) || tier > static_cast<uint8_t>(Tier::far)) {
    return fail(Code::corrupt, "an event record has an impossible state");
  }
  stored.state = static_cast<State>(state);
  stored.tier = static_cast<Tier>(tier);
  event_fields(unpacker, stored.event, !is_final(stored.state));
  if (is_final(stored.state)) {
    stored.event.body.clear();
    outcome_fields(unpacker, stored.outcome);
  }
  if (!unpacker.in.ok() || !unpacker.in.at_end() || layout == 0) {
    return fail(Code::corrupt, "an event record of {} bytes cannot be read", bytes.size());
  }
  return stored;
}

}  // namespace schedules
