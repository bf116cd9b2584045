#include "store/sqlite/schedule_row.h"

#include <bit>

#include "base/codec.h"

namespace schedules::sqlite {
namespace {

struct Packer {
  Writer out;
  void text(const std::string& value) { out.text(value); }
  template <class Number>
  void number(const Number& value) {
    out.svarint(static_cast<int64_t>(value));
  }
  template <class Enum>
  void word(const Enum& value, Enum /*last*/) {
    out.u8(static_cast<uint8_t>(value));
  }
  void real(const double& value) { out.varint(std::bit_cast<uint64_t>(value)); }
  void time(const TimePoint& value) { out.svarint(to_micros(value)); }
  template <class Unit>
  void duration(const Unit& value) {
    out.svarint(value.count());
  }
  template <class Inner, class Each>
  void optional(const std::optional<Inner>& value, Each each) {
    out.u8(value ? 1 : 0);
    if (value) each(*value);
  }
  template <class List, class Each>
  void list(const List& values, Each each) {
    out.varint(values.size());
    for (const auto& value : values) each(value);
  }
};

struct Unpacker {
  Reader in;
  bool sound = true;
  void text(std::string& value) { value = std::string(in.text()); }
  template <class Number>
  void number(Number& value) {
    value = static_cast<Number>(in.svarint());
  }
  template <class Enum>
  void word(Enum& value, Enum last) {
    const uint8_t byte = in.u8();
    sound = sound && byte <= static_cast<uint8_t>(last);
    value = static_cast<Enum>(byte);
  }
  void real(double& value) { value = std::bit_cast<double>(in.varint()); }
  void time(TimePoint& value) { value = from_micros(in.svarint()); }
  template <class Unit>
  void duration(Unit& value) {
    value = Unit{in.svarint()};
  }
  template <class Inner, class Each>
  void optional(std::optional<Inner>& value, Each each) {
    value.reset();
    if (in.u8() != 0) each(value.emplace());
  }
  template <class List, class Each>
  void list(List& values, Each each) {
    values.clear();
    const uint64_t count = in.varint();
    for (uint64_t i = 0; i < count && in.ok(); ++i) each(values.emplace_back());
  }
};

template <class Visitor, class ScheduleT>
void rule_fields(Visitor& v, ScheduleT& s) {
  const auto text = [&](auto& value) { v.text(value); };
  const auto time = [&](auto& value) { v.time(value); };
  v.optional(s.description, text);
  v.optional(s.cron_expression, text);
  v.optional(s.every, [&](auto& value) { v.duration(value); });
  v.optional(s.execution_time, time);
  v.number(s.one_time);
  v.text(s.timezone);
  v.optional(s.start_at, time);
  v.optional(s.end_at, time);
  v.optional(s.max_count, [&](auto& value) { v.number(value); });
  v.duration(s.jitter);
  v.word(s.dst_gap, DstGap::skip);
  v.word(s.dst_overlap, DstOverlap::both);
  v.word(s.catch_up, CatchUp::fail);
  v.duration(s.late_after);
  v.duration(s.catch_up_window);
  v.number(s.catch_up_max);
  v.real(s.catch_up_rate);
  v.word(s.overlap, Overlap::max_parallel);
  v.number(s.overlap_limit);
  v.duration(s.max_runtime);
}

template <class Visitor, class ScheduleT>
void event_fields(Visitor& v, ScheduleT& s) {
  const auto text = [&](auto& value) { v.text(value); };
  v.optional(s.event_entity_id, text);
  v.optional(s.event_payload, text);
  v.list(s.event_headers, [&](auto& header) {
    v.text(header.first);
    v.text(header.second);
  });
  v.optional(s.event_correlation_id, text);
  v.text(s.actor_type);
  v.text(s.actor_id);
  v.optional(s.topic, text);
  v.word(s.target.kind, TargetKind::handler);
  v.text(s.target.url);
  v.number(s.priority);
  v.optional(s.max_delay, [&](auto& value) { v.duration(value); });
  v.number(s.max_retries);
  v.duration(s.retry_delay);
  v.list(s.tags, text);
  v.text(s.note);
  v.optional(s.created_by, text);
}

template <class Visitor, class Policy>
void alert_fields(Visitor& v, Policy& p) {
  const auto duration = [&](auto& value) { v.duration(value); };
  v.optional(p.url, [&](auto& value) { v.text(value); });
  v.optional(p.on, [&](auto& value) {
    v.number(value.failure);
    v.number(value.silence);
  });
  v.optional(p.after_failures, [&](auto& value) { v.number(value); });
  v.optional(p.grace, duration);
  v.optional(p.reminder, duration);
}

}  // namespace

void pack_definition(const Schedule& schedule, std::string& out) {
  Packer packer{Writer(out)};
  packer.out.u8(kDefinitionLayout);
  rule_fields(packer, schedule);
  event_fields(packer, schedule);
  packer.word(schedule.ack, Ack::required);
  alert_fields(packer, schedule.alerts);
}

Status unpack_definition(std::string_view bytes, Schedule& schedule) {
  Unpacker unpacker{Reader(bytes)};
  const uint8_t layout = unpacker.in.u8();
  if (layout > kDefinitionLayout) {
    return fail(Code::newer_layout, "a schedule has layout {}, this version knows {}", layout, kDefinitionLayout);
  }
  rule_fields(unpacker, schedule);
  event_fields(unpacker, schedule);
  schedule.ack = Ack::none;
  if (layout >= 2) unpacker.word(schedule.ack, Ack::required);
  schedule.alerts = {};
  if (layout >= 3) alert_fields(unpacker, schedule.alerts);
  if (layout == 0 || !unpacker.sound || !unpacker.in.ok() || !unpacker.in.at_end()) {
    return fail(Code::corrupt, "the definition of schedule {} cannot be read", schedule.id);
  }
  return {};
}

Result<Schedule> read_schedule(const Query& row) {
  Schedule schedule;
  schedule.id = row.text(0);
  schedule.name = row.text(1);
  const int64_t status = row.integer(2);
  schedule.status = static_cast<ScheduleStatus>(status);
  schedule.event_type = row.text(3);
  schedule.event_action = row.text(4);
  schedule.owner = row.text(5);
  schedule.created_at = row.time(6);
  schedule.updated_at = row.time(7);
  schedule.revision = static_cast<uint64_t>(row.integer(8));
  schedule.planned_until = row.optional_time(9);
  schedule.next_execution = row.optional_time(10);
  schedule.planned_count = static_cast<uint64_t>(row.integer(11));
  schedule.last_execution = row.optional_time(12);
  const int64_t last_status = row.integer(13);
  if (!row.is_null(13)) schedule.last_status = static_cast<RunStatus>(last_status);
  schedule.last_error = row.optional_text(14);
  schedule.execution_count = static_cast<uint64_t>(row.integer(15));
  schedule.error_count = static_cast<uint64_t>(row.integer(16));
  const bool known = status >= 0 && status <= static_cast<int64_t>(ScheduleStatus::completed) && last_status >= 0 &&
                     last_status <= static_cast<int64_t>(RunStatus::running);
  if (!known) return fail(Code::corrupt, "schedule {} has an impossible status", schedule.id);
  if (auto done = unpack_definition(row.bytes(17), schedule); !done) return fail(std::move(done.error()));
  return schedule;
}

}  // namespace schedules::sqlite
