#include "store/sqlite/execution_pack.h"

#include "base/codec.h"

namespace schedules::sqlite {
namespace {

constexpr uint8_t kFormat = 1;

void pack(Writer& out, const Execution& e) {
  out.text(e.id);
  out.raw(e.event_id.view());
  for (const auto* text :
       {&e.schedule_id, &e.schedule_name, &e.topic, &e.entity_type, &e.entity_id, &e.action, &e.correlation_id}) {
    out.text(*text);
  }
  out.svarint(to_micros(e.due_at));
  out.svarint(to_micros(e.executed_at));
  out.svarint(e.duration.count());
  out.u8(static_cast<uint8_t>(e.status));
  out.u8(static_cast<uint8_t>(e.state));
  out.text(e.reason);
  out.text(e.error);
  out.varint(e.attempt);
  for (const auto* text : {&e.sink, &e.position, &e.node_id}) out.text(*text);
  out.u8(e.waited_far ? 1 : 0);
}

bool unpack(Reader& in, Execution& e) {
  e.id = in.text();
  const auto event_id = in.raw(e.event_id.bytes.size());
  if (event_id.size() == e.event_id.bytes.size()) std::ranges::copy(event_id, e.event_id.bytes.begin());
  for (auto* text :
       {&e.schedule_id, &e.schedule_name, &e.topic, &e.entity_type, &e.entity_id, &e.action, &e.correlation_id}) {
    *text = in.text();
  }
  e.due_at = from_micros(in.svarint());
  e.executed_at = from_micros(in.svarint());
  e.duration = Duration{in.svarint()};
  const uint8_t status = in.u8();
  const uint8_t state = in.u8();
  e.status = static_cast<RunStatus>(status);
  e.state = static_cast<State>(state);
  e.reason = in.text();
  e.error = in.text();
  e.attempt = static_cast<uint32_t>(in.varint());
  for (auto* text : {&e.sink, &e.position, &e.node_id}) *text = in.text();
  e.waited_far = in.u8() != 0;
  return in.ok() && status <= static_cast<uint8_t>(RunStatus::running) && state <= static_cast<uint8_t>(State::dead);
}

}  // namespace

std::string pack_executions(const std::vector<Execution>& executions) {
  std::string bytes;
  Writer out(bytes);
  out.u8(kFormat);
  out.varint(executions.size());
  for (const auto& execution : executions) pack(out, execution);
  return bytes;
}

Result<std::vector<Execution>> unpack_executions(std::string_view bytes) {
  Reader in(bytes);
  const uint8_t format = in.u8();
  if (format > kFormat) return fail(Code::newer_layout, "a batch of executions has format {}", format);
  const uint64_t count = in.varint();
  // No execution is smaller than its event's id.
  if (format == 0 || !in.ok() || count > bytes.size() / sizeof(EventId))
    return fail(Code::corrupt, "not a batch of executions");
  std::vector<Execution> executions(count);
  for (auto& execution : executions) {
    if (!unpack(in, execution)) return fail(Code::corrupt, "a batch of executions cannot be read");
  }
  if (!in.at_end()) return fail(Code::corrupt, "a batch of executions has a tail");
  return executions;
}

}  // namespace schedules::sqlite
