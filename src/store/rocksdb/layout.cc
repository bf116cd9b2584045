#include "store/rocksdb/layout.h"

#include "base/codec.h"

namespace schedules::rocks {
namespace {

void put_be64(char* out, uint64_t value) {
  for (int i = 7; i >= 0; --i) {
    out[i] = static_cast<char>(value & 0xFFU);
    value >>= 8U;
  }
}

uint8_t byte(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }

}  // namespace

RunId run_of(Tier tier, uint32_t shard, int8_t priority) {
  if (tier == Tier::far) return RunId{.tier = Tier::far};
  return RunId{.tier = Tier::near, .shard = shard, .priority_class = class_of(priority)};
}

std::array<char, kRunPrefixBytes> run_prefix(const RunId& run) {
  return {static_cast<char>(run.tier), static_cast<char>(run.shard >> 8U), static_cast<char>(run.shard & 0xFFU),
          static_cast<char>(run.priority_class)};
}

std::string run_end(const RunId& run) {
  RunId next = run;
  ++next.priority_class;
  return std::string(view(run_prefix(next)));
}

DueKeyBytes pack(const DueKey& key) {
  DueKeyBytes bytes;
  const auto prefix = run_prefix(key.run);
  std::memcpy(bytes.data(), prefix.data(), prefix.size());
  put_be64(bytes.data() + kRunPrefixBytes, ordered(key.place.fire_at));
  put_be64(bytes.data() + kRunPrefixBytes + 8, key.place.sequence);
  return bytes;
}

std::optional<DueKey> read_due_key(std::string_view bytes) {
  if (bytes.size() != kDueKeyBytes || byte(bytes, 0) > 1 || byte(bytes, 3) >= kClasses) return std::nullopt;
  DueKey key;
  key.run.tier = static_cast<Tier>(byte(bytes, 0));
  key.run.shard = static_cast<uint32_t>(byte(bytes, 1)) << 8U | byte(bytes, 2);
  key.run.priority_class = byte(bytes, 3);
  key.place.fire_at = from_ordered(read_be64(bytes.substr(kRunPrefixBytes)));
  key.place.sequence = read_be64(bytes.substr(kRunPrefixBytes + 8));
  return key;
}

IdBytes pack(const EventId& id) {
  IdBytes bytes;
  std::memcpy(bytes.data(), id.bytes.data(), bytes.size());
  return bytes;
}

std::string pack(const IdEntry& entry) {
  std::string bytes;
  if (entry.kind == IdEntry::Kind::pending) {
    bytes.push_back(entry.moved ? 'm' : 'p');
    bytes.append(view(pack(entry.due)));
    return bytes;
  }
  bytes.push_back('f');
  bytes.push_back(static_cast<char>(entry.state));
  bytes.push_back(static_cast<char>(entry.tier));
  append_be64(bytes, ordered(entry.expires_at));
  append_be64(bytes, entry.sequence);
  return bytes;
}

std::optional<IdEntry> read_id_entry(std::string_view bytes) {
  IdEntry entry;
  if (bytes.starts_with('p') || bytes.starts_with('m')) {
    const auto due = read_due_key(bytes.substr(1));
    if (!due) return std::nullopt;
    entry.kind = IdEntry::Kind::pending;
    entry.due = *due;
    entry.moved = bytes.front() == 'm';
    return entry;
  }
  const bool sound = bytes.size() == 19 && bytes.front() == 'f' &&
                     byte(bytes, 1) <= static_cast<uint8_t>(State::dead) && byte(bytes, 2) <= 1;
  if (!sound) return std::nullopt;
  entry.kind = IdEntry::Kind::finished;
  entry.state = static_cast<State>(byte(bytes, 1));
  entry.tier = static_cast<Tier>(byte(bytes, 2));
  entry.expires_at = from_ordered(read_be64(bytes.substr(3)));
  entry.sequence = read_be64(bytes.substr(11));
  return entry;
}

DoneKeyBytes done_key(int64_t expires_at, uint64_t sequence) {
  DoneKeyBytes bytes;
  put_be64(bytes.data(), ordered(expires_at));
  put_be64(bytes.data() + 8, sequence);
  return bytes;
}

std::array<char, 8> be64(uint64_t value) {
  std::array<char, 8> bytes;
  put_be64(bytes.data(), value);
  return bytes;
}

std::optional<EventId> read_due_id(std::string_view value) {
  if (value.size() < kIdBytes) return std::nullopt;
  EventId id;
  std::memcpy(id.bytes.data(), value.data(), kIdBytes);
  return id;
}

std::string_view due_record(std::string_view value) {
  return value.size() < kIdBytes ? std::string_view{} : value.substr(kIdBytes);
}

}  // namespace schedules::rocks
