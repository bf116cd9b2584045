#include "store/redis/value.h"

#include <zstd.h>

#include "base/codec.h"
#include "model/record.h"

namespace schedules::redis {
namespace {

constexpr size_t kHead = 41;
constexpr size_t kEndedHead = 9;
constexpr char kCompressed = '\x7f';  // a record begins with its layout, which is small
constexpr int kLevel = 3;
constexpr size_t kWorthIt = 128;
constexpr uint64_t kMostBytes = 16ULL * 1024 * 1024;

void append_record(std::string& out, const Event& event, State state, const Outcome& outcome, bool compress) {
  if (!compress) return pack(event, state, Tier::near, outcome, out);
  std::string record;
  pack(event, state, Tier::near, outcome, record);
  if (record.size() >= kWorthIt) {
    std::string packed(ZSTD_compressBound(record.size()), '\0');
    const size_t size = ZSTD_compress(packed.data(), packed.size(), record.data(), record.size(), kLevel);
    if (ZSTD_isError(size) == 0 && size + 1 < record.size()) {
      out.push_back(kCompressed);
      out.append(packed, 0, size);
      return;
    }
  }
  out += record;
}

Result<StoredEvent> unpack_record(std::string_view bytes) {
  if (bytes.empty() || bytes.front() != kCompressed) return unpack(bytes);
  bytes.remove_prefix(1);
  const auto size = ZSTD_getFrameContentSize(bytes.data(), bytes.size());
  if (size > kMostBytes) return fail(Code::corrupt, "a compressed record has no believable size");
  std::string record(size, '\0');
  const size_t got = ZSTD_decompress(record.data(), record.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(got) != 0 || got != size) return fail(Code::corrupt, "a compressed record cannot be read");
  return unpack(record);
}

}  // namespace

std::string be64(uint64_t value) {
  std::string out;
  append_be64(out, value);
  return out;
}

std::string tail_of(const Event& event, bool compress) {
  std::string out;
  out.push_back(static_cast<char>(event.priority + 9));
  append_be64(out, static_cast<uint64_t>(to_micros(event.fire_at)));
  append_be64(out, event.revision);
  append_be64(out, event.schedule_revision);
  append_be64(out, event.fingerprint);
  append_record(out, event, State::pending, Outcome{}, compress);
  return out;
}

char letter_of(State state) {
  switch (state) {
    case State::fired:
      return 'f';
    case State::cancelled:
      return 'c';
    case State::skipped:
      return 's';
    case State::dead:
      return 'd';
    case State::pending:
    case State::in_flight:
      break;
  }
  return 'p';
}

std::string ended_value(const Event& event, const Outcome& outcome, bool compress) {
  std::string out(1, letter_of(outcome.state));
  append_be64(out, event.fingerprint);
  append_record(out, event, outcome.state, outcome, compress);
  return out;
}

Result<StoredEvent> waiting_of(std::string_view value, bool in_flight) {
  if (value.size() <= kHead) return fail(Code::corrupt, "a value in Redis is too short");
  auto stored = unpack_record(value.substr(kHead));
  if (stored && in_flight) stored->state = State::in_flight;
  return stored;
}

Result<StoredEvent> ended_of(std::string_view value) {
  if (value.size() <= kEndedHead) return fail(Code::corrupt, "a remembered value in Redis is too short");
  return unpack_record(value.substr(kEndedHead));
}

uint64_t sequence_of(std::string_view value) { return value.size() < 8 ? 0 : read_be64(value); }

EventId id_of(std::string_view bytes) {
  EventId id;
  if (bytes.size() == id.bytes.size()) std::memcpy(id.bytes.data(), bytes.data(), id.bytes.size());
  return id;
}

EventId id_of_member(std::string_view member) { return id_of(member.substr(std::min<size_t>(member.size(), 8))); }

}  // namespace schedules::redis
