#include "store/sqlite/execution_row.h"

namespace schedules::sqlite {
namespace {

constexpr size_t kObjectIdBytes = 12;

int nibble(char digit) { return digit <= '9' ? digit - '0' : digit - 'a' + 10; }

EventId event_id_of(std::string_view bytes) {
  EventId id;
  std::memcpy(id.bytes.data(), bytes.data(), std::min(bytes.size(), id.bytes.size()));
  return id;
}

}  // namespace

std::string read_id(const Query& row, int column) {
  const auto bytes = row.bytes(column);
  if (!row.is_blob(column)) return std::string(bytes);
  if (bytes.size() != kObjectIdBytes) return event_id_of(bytes).text();
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    text.push_back(digits[static_cast<uint8_t>(byte) >> 4U]);
    text.push_back(digits[static_cast<uint8_t>(byte) & 15U]);
  }
  return text;
}

ShortId::ShortId(std::string_view text) : text_(text) {
  if (is_object_id(text)) {
    for (size_t i = 0; i < kObjectIdBytes; ++i) {
      bytes_.bytes[i] = static_cast<uint8_t>(nibble(text[2 * i]) * 16 + nibble(text[2 * i + 1]));
    }
    size_ = kObjectIdBytes;
    return;
  }
  const auto id = text.size() == 36 ? parse_id(text) : std::nullopt;
  // Only where the text comes back letter for letter.
  if (!id || id->text() != text) return;
  bytes_ = *id;
  size_ = bytes_.bytes.size();
}

Result<Execution> read_execution(const Query& row) {
  Execution execution{.id = read_id(row, 0), .executed_at = row.time(1)};
  execution.due_at = execution.executed_at - Duration{row.integer(2)};
  execution.duration = Duration{row.integer(3)};
  const int64_t status = row.integer(4);
  const int64_t state = row.integer(5);
  if (status < 0 || status > static_cast<int64_t>(RunStatus::running) || state < 0 ||
      state > static_cast<int64_t>(State::dead) || row.bytes(7).size() != execution.event_id.bytes.size()) {
    return fail(Code::corrupt, "execution {} cannot be read", execution.id);
  }
  execution.status = static_cast<RunStatus>(status);
  execution.state = static_cast<State>(state);
  execution.attempt = static_cast<uint32_t>(row.integer(6));
  execution.event_id = event_id_of(row.bytes(7));
  execution.schedule_id = read_id(row, 8);
  execution.schedule_name = row.text(9);
  execution.topic = row.text(10);
  execution.entity_type = row.text(11);
  execution.entity_id = row.text(12);
  execution.action = row.text(13);
  execution.correlation_id = row.text(14);
  execution.reason = row.text(15);
  execution.error = row.text(16);
  execution.sink = row.text(17);
  execution.position = row.text(18);
  execution.node_id = row.text(19);
  execution.waited_far = row.integer(20) != 0;
  return execution;
}

bool comes_before(const Execution& a, const Execution& b) {
  if (a.executed_at != b.executed_at) return a.executed_at > b.executed_at;
  const ShortId a_id(a.id);
  const ShortId b_id(b.id);
  // Any text is less than any blob.
  const auto key = [](const Value& value) { return std::pair(value.kind() == Value::Kind::blob, value.bytes()); };
  return key(a_id.value()) > key(b_id.value());
}

}  // namespace schedules::sqlite
