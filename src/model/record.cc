#include "model/record.h"

#include "base/codec.h"

namespace schedules {
namespace {

// One description of the fields serves both directions, so that they cannot drift apart. Each optional field has a bit, in the
// order of the description; one that is as it mostly is has none of its bytes. What that is may never change.
constexpr size_t kBitBytes = 4;
constexpr std::string_view kNoBits("\0\0\0\0", kBitBytes);

class Packer {
 public:
  explicit Packer(std::string& bytes) : out(bytes), bytes_(bytes) {}
  Writer out;

  void begin_bits() {
    bits_at_ = bytes_.size();
    out.raw(kNoBits);
  }
  void text(const std::string& value) { out.text(value); }
  void text(const std::string& value, std::string_view usual) {
    if (keep(value != usual)) out.text(value);
  }
  template <class Int>
  void number(const Int& value) {
    out.svarint(static_cast<int64_t>(value));
  }
  template <class Int>
  void number(const Int& value, int64_t usual) {
    if (keep(static_cast<int64_t>(value) != usual)) number(value);
  }
  void time(const TimePoint& value) { out.svarint(to_micros(value)); }
  void time(const TimePoint& value, TimePoint usual) {
    if (keep(value != usual)) out.svarint((value - usual).count());
  }
  template <class Unit>
  void duration(const Unit& value, int64_t usual) {
    if (keep(value.count() != usual)) out.svarint(value.count());
  }
  template <class Value, class Each>
  void optional(const std::optional<Value>& value, Each each) {
    if (keep(value.has_value())) each(*value);
  }
  template <class List, class Each>
  void list(const List& values, Each each) {
    if (!keep(!values.empty())) return;
    out.varint(values.size());
    for (const auto& value : values) each(value);
  }
  void id(const EventId& value) { out.raw(value.view()); }

 private:
  bool keep(bool unusual) {
    if (unusual) bytes_[bits_at_ + bit_ / 8] |= static_cast<char>(1U << (bit_ % 8));
    ++bit_;
    return unusual;
  }
  std::string& bytes_;
  size_t bits_at_ = 0;
  size_t bit_ = 0;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : in(bytes) {}
  Reader in;

  /// Layout 1 has no bits: every field is there, an optional one behind a byte that says so.
  void begin_bits(uint8_t layout) {
    first_layout_ = layout == 1;
    if (!first_layout_) bits_ = in.raw(kBitBytes);
  }
  void text(std::string& value) { value = std::string(in.text()); }
  void text(std::string& value, std::string_view usual) {
    value = usual;
    if (kept()) text(value);
  }
  template <class Int>
  void number(Int& value) {
    value = static_cast<Int>(in.svarint());
  }
  template <class Int>
  void number(Int& value, int64_t usual) {
    value = static_cast<Int>(usual);
    if (kept()) number(value);
  }
  void time(TimePoint& value) { value = from_micros(in.svarint()); }
  void time(TimePoint& value, TimePoint usual) {
    value = usual;
    if (!kept()) return;
    if (first_layout_) return time(value);
    value += Duration(in.svarint());
  }
  template <class Unit>
  void duration(Unit& value, int64_t usual) {
    value = Unit{usual};
    if (kept()) value = Unit{in.svarint()};
  }
  template <class Value, class Each>
  void optional(std::optional<Value>& value, Each each) {
    if (!kept() || (first_layout_ && in.u8() == 0)) return;
    value.emplace();
    each(*value);
  }
  template <class List, class Each>
  void list(List& values, Each each) {
    values.clear();
    if (!kept()) return;
    const uint64_t count = in.varint();
    for (uint64_t i = 0; i < count && in.ok(); ++i) each(values.emplace_back());
  }
  void id(EventId& value) {
    const auto bytes = in.raw(value.bytes.size());
    if (bytes.size() == value.bytes.size()) std::memcpy(value.bytes.data(), bytes.data(), bytes.size());
  }

 private:
  bool kept() {
    if (first_layout_) return true;
    const size_t bit = bit_++;
    return bit / 8 < bits_.size() && (static_cast<uint8_t>(bits_[bit / 8]) & (1U << (bit % 8))) != 0;
  }
  bool first_layout_ = false;
  std::string_view bits_;
  size_t bit_ = 0;
};

template <class Visitor, class EventT>
void event_fields(Visitor& v, EventT& e, bool with_body) {
  v.id(e.id);
  v.text(e.topic);
  v.text(e.key, "");
  v.text(e.entity_type);
  v.text(e.entity_id, "");
  v.text(e.action);
  v.text(e.correlation_id, "");
  v.text(e.actor_type, "system");
  v.text(e.actor_id, "scheduler");
  v.list(e.tags, [&](auto& tag) { v.text(tag); });
  v.number(e.target.kind, 0);
  v.text(e.target.url, "");
  v.text(e.traceparent, "");
  v.text(e.source, "api_request");
  v.time(e.due_at);
  v.time(e.fire_at, e.due_at);
  v.time(e.created_at, e.due_at);
  v.number(e.priority, 0);
  v.optional(e.max_delay, [&](auto& value) { v.duration(value, 0); });
  v.number(e.max_retries, 3);
  v.duration(e.retry_delay, 60'000);
  v.text(e.idempotency_key, "");
  v.number(e.fingerprint);
  v.number(e.revision, 1);
  v.text(e.schedule_id, "");
  v.text(e.schedule_name, "");
  v.number(e.schedule_revision, 0);
  v.optional(e.nominal_at, [&](auto& value) { v.time(value); });
  v.number(e.missed_count, 0);
  v.number(e.attempt, 0);
  v.list(e.attempts, [&](auto& attempt) {
    v.time(attempt.at);
    v.text(attempt.error);
  });
  if (!with_body) return;
  v.text(e.body, "{}");
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
  Packer packer(out);
  packer.out.u8(kRecordLayout);
  packer.out.u8(static_cast<uint8_t>(state));
  packer.out.u8(static_cast<uint8_t>(tier));
  packer.begin_bits();
  event_fields(packer, event, !is_final(state));
  if (is_final(state)) outcome_fields(packer, outcome);
}

void pack(const StoredEvent& stored, std::string& out) {
  pack(stored.event, stored.state, stored.tier, stored.outcome, out);
}

Result<StoredEvent> unpack(std::string_view bytes) {
  Unpacker unpacker(bytes);
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
  unpacker.begin_bits(layout);
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
