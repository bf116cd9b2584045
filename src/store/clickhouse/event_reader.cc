#include "store/clickhouse/event_reader.h"

#include <algorithm>
#include <charconv>

#include "store/clickhouse/far_group.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::Query;
using clickhouse::RowReader;

constexpr std::string_view kByPartition = " SETTINGS do_not_merge_across_partitions_select_final = 1";
constexpr std::string_view kOrder = "scheduled_at, schedule_id, event_id";
constexpr size_t kMostFound = 1'000;
constexpr size_t kMostLookedAt = 20'000;  // events in one find, matching or not
constexpr Duration kCountsAreFresh = std::chrono::seconds(1);
constexpr Duration kQuickCount = std::chrono::milliseconds(50);
constexpr int kCountsPause = 20;  // times as long as counting took

/// A place in the order of event_schedules.
struct Key {
  TimePoint due_at;
  std::string schedule_id;
  EventId id;

  static Key of(const Event& event) {
    return Key{event.due_at, event.schedule_id.empty() ? event.id.text() : event.schedule_id, event.id};
  }
  static Key read(RowReader& reader) {
    const auto due_at = reader.time();
    std::string schedule_id(reader.text());
    return Key{due_at, std::move(schedule_id), reader.id()};
  }
};

// Opaque to the caller: due time and id of the last event seen, in hex, and its schedule_id.
std::string cursor_text(const Key& key) {
  std::string text = fmt::format("{:016x}", static_cast<uint64_t>(to_micros(key.due_at)));
  for (const uint8_t byte : key.id.bytes) text += fmt::format("{:02x}", byte);
  return text + key.schedule_id;
}

std::optional<Key> parse_cursor(std::string_view text) {
  constexpr size_t kHexDigits = 48;
  if (text.size() <= kHexDigits) return std::nullopt;
  Key key;
  uint64_t micros = 0;
  for (size_t at = 0; at < kHexDigits; at += 16) {
    uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data() + at, text.data() + at + 16, value, 16);
    if (error != std::errc{} || end != text.data() + at + 16) return std::nullopt;
    if (at == 0) micros = value;
    for (size_t byte = 0; at > 0 && byte < 8; ++byte) {
      key.id.bytes[at / 2 - 8 + byte] = static_cast<uint8_t>(value >> (56 - 8 * byte));
    }
  }
  key.due_at = from_micros(static_cast<int64_t>(micros));
  key.schedule_id = text.substr(kHexDigits);
  return key;
}

std::vector<EventId> ids_of(const std::vector<Key>& keys) {
  std::vector<EventId> ids;
  ids.reserve(keys.size());
  for (const auto& key : keys) ids.push_back(key.id);
  return ids;
}

/// The row that waits at this key, unless the event is something else by now.
FarRow* waiting_at(FarSlots& slots, const Key& key) {
  const auto slot = slots.find(key.id);
  if (slot == slots.end()) return nullptr;
  const FarRow* truth = slot->second.truth();
  if (truth == nullptr || truth->status != FarStatus::pending || truth->event.due_at != key.due_at) return nullptr;
  return slot->second.at_key(*truth);
}

/// "AND topic = {topic:String} …" for what the filter sets.
std::string conditions(const EventFilter& filter, Query& query) {
  std::string sql = "1";
  const auto equal = [&](std::string_view column, const std::optional<std::string>& wanted) {
    if (!wanted) return;
    sql += fmt::format(" AND {0} = {{{0}:String}}", column);
    query.parameters.text(std::string(column), *wanted);
  };
  equal("topic", filter.topic);
  equal("action", filter.action);
  equal("entity_type", filter.entity_type);
  equal("entity_id", filter.entity_id);
  equal("correlation_id", filter.correlation_id);
  equal("source", filter.source);
  if (filter.schedule_id && filter.schedule_id->empty()) {
    sql += " AND schedule_id = toString(event_id)";
  } else {
    equal("schedule_id", filter.schedule_id);
  }
  if (filter.tag) {
    sql += " AND has(tags, {tag:String})";
    query.parameters.text("tag", *filter.tag);
  }
  return sql;
}

std::string time_range(const EventFilter& filter, const std::optional<Key>& after, Query& query) {
  std::string sql;
  if (filter.due_from) {
    sql += " AND scheduled_at >= {due_from:DateTime64(6, 'UTC')}";
    query.parameters.time("due_from", *filter.due_from);
  }
  if (filter.due_to) {
    sql += " AND scheduled_at < {due_to:DateTime64(6, 'UTC')}";
    query.parameters.time("due_to", *filter.due_to);
  }
  if (after) {
    sql +=
        " AND scheduled_at >= {after:DateTime64(6, 'UTC')} AND (scheduled_at, schedule_id, event_id) >"
        " ({after:DateTime64(6, 'UTC')}, {after_schedule:String}, {after_id:UUID})";
    query.parameters.time("after", after->due_at).text("after_schedule", after->schedule_id).id("after_id", after->id);
  }
  return sql;
}

/// Keys of the page, in order, and where a look that had to end early ended.
struct FoundKeys {
  std::vector<Key> keys;
  std::optional<Key> looked_until;
};

Query find_query(const FindRequest& request, const std::optional<Key>& after, size_t limit) {
  Query query;
  const auto wanted = conditions(request.filter, query);
  const auto range = time_range(request.filter, after, query);
  // Looks at so many waiting events, in order, whatever the filter says; then takes those that match.
  query.sql = fmt::format(
      "WITH looked AS (SELECT {0}, {1} AS hit FROM event_schedules FINAL WHERE status = 'pending'{2} ORDER BY {0}"
      " LIMIT {3}) SELECT arraySlice(arraySort(groupArrayIf(({0}), hit)), 1, {4}), count() = {3} AS cut, max(({0}))"
      " FROM looked{5}",
      kOrder, wanted, range, kMostLookedAt, limit, kByPartition);
  return query;
}

Result<FoundKeys> read_found(const Answer& answer) {
  FoundKeys found;
  RowReader reader(answer.body);
  const uint64_t count = reader.size();
  for (uint64_t i = 0; i < count && reader.ok(); ++i) found.keys.push_back(Key::read(reader));
  const bool cut = reader.number<uint8_t>() != 0;
  auto last = Key::read(reader);
  if (cut) found.looked_until = std::move(last);
  if (!reader.ok()) return fail(Code::corrupt, "ClickHouse's answer to a search cannot be read");
  return found;
}

EventPage page_of(FoundKeys& found, FarSlots slots, const EventFilter& filter, size_t limit) {
  EventPage page;
  const bool more = found.keys.size() > limit;
  if (more) found.keys.resize(limit);
  for (const auto& key : found.keys) {
    FarRow* row = waiting_at(slots, key);
    if (row == nullptr || !filter.matches(row->event)) continue;
    page.events.push_back(
        StoredEvent{.event = std::move(row->event), .state = State::pending, .tier = Tier::far, .outcome = {}});
  }
  if (more) {
    page.next_cursor = cursor_text(found.keys.back());
  } else if (found.looked_until) {
    page.next_cursor = cursor_text(*found.looked_until);
  }
  return page;
}

Result<std::vector<Key>> read_keys(const Answer& answer) {
  std::vector<Key> keys;
  RowReader reader(answer.body);
  while (!reader.at_end() && reader.ok()) keys.push_back(Key::read(reader));
  if (!reader.ok()) return fail(Code::corrupt, "ClickHouse's answer of due events cannot be read");
  return keys;
}

}  // namespace

Query far_due_query(TimePoint until, size_t limit) {
  Query query{.sql = fmt::format("SELECT {0} FROM event_schedules FINAL WHERE status = 'pending' AND scheduled_at <="
                                 " {{until:DateTime64(6, 'UTC')}} ORDER BY {0} LIMIT {1}{2}",
                                 kOrder, limit, kByPartition)};
  query.parameters.time("until", until);
  return query;
}

ClickHouseEventReader::ClickHouseEventReader(ClickHouseGate& gate, Duration dedupe_window, const Clock& clock)
    : gate_(gate), dedupe_window_(dedupe_window), clock_(clock) {}

void ClickHouseEventReader::get(std::vector<EventId> ids, Done<std::vector<std::optional<StoredEvent>>> done) {
  look_up_far(gate_, ids, [this, ids, done = std::move(done)](Result<FarSlots> slots) mutable {
    if (!slots) return done(fail(std::move(slots.error())));
    std::vector<std::optional<StoredEvent>> found;
    for (const auto& id : ids) {
      const auto slot = slots->find(id);
      const FarRow* row = slot == slots->end() ? nullptr : slot->second.truth();
      found.push_back(row == nullptr ? std::nullopt : shown(*row, clock_.wall(), dedupe_window_));
    }
    done(std::move(found));
  });
}

void ClickHouseEventReader::due_before(TimePoint until, size_t limit, Done<FarDue> done) {
  gate_.query(far_due_query(until, limit + 1), [this, limit, done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    auto keys = read_keys(*answer);
    if (!keys) return done(fail(std::move(keys.error())));
    FarDue due{.page = {.events = {}, .more = keys->size() > limit}, .strays = {}};
    if (due.page.more) keys->resize(limit);
    if (keys->empty()) return done(std::move(due));
    const auto ids = ids_of(*keys);
    look_up_far(
        gate_, ids,
        [due = std::move(due), keys = std::move(*keys), done = std::move(done)](Result<FarSlots> slots) mutable {
          if (!slots) return done(fail(std::move(slots.error())));
          for (const auto& key : keys) {
            if (FarRow* row = waiting_at(*slots, key)) {
              due.page.events.push_back(std::move(row->event));
            } else {
              due.strays.push_back(key.id);
              due.pointer_lost = due.pointer_lost || !slots->contains(key.id);
            }
          }
          done(std::move(due));
        });
  });
}

void ClickHouseEventReader::find(FindRequest request, Done<EventPage> done) {
  std::optional<Key> after;
  if (!request.cursor.empty()) {
    after = parse_cursor(request.cursor);
    if (!after) return done(fail_field(Code::invalid_argument, "cursor", "is not one that this store gave"));
  }
  const size_t limit = std::clamp<size_t>(request.limit, 1, kMostFound);
  gate_.query(find_query(request, after, limit + 1),
              [this, limit, filter = request.filter, done = std::move(done)](Result<Answer> answer) mutable {
                if (!answer) return done(fail(std::move(answer.error())));
                auto found = read_found(*answer);
                if (!found) return done(fail(std::move(found.error())));
                const auto ids = ids_of(found->keys);
                if (ids.empty()) return done(page_of(*found, {}, filter, limit));
                look_up_far(gate_, ids,
                            [limit, filter = std::move(filter), found = std::move(*found),
                             done = std::move(done)](Result<FarSlots> slots) mutable {
                              if (!slots) return done(fail(std::move(slots.error())));
                              done(page_of(found, std::move(*slots), filter, limit));
                            });
              });
}

void ClickHouseEventReader::counts_changed() {
  const std::scoped_lock lock(counted_->mutex);
  if (counted_->took > kQuickCount) return;
  ++counted_->writes;
  counted_->until = SteadyPoint{};
}

void ClickHouseEventReader::counts(Done<TierCounts> done) {
  const auto began = clock_.steady();
  uint64_t writes = 0;
  {
    std::unique_lock lock(counted_->mutex);
    writes = counted_->writes;
    if (began < counted_->until) {
      const auto counts = counted_->counts;
      lock.unlock();
      return done(counts);
    }
  }
  Query query{.sql = fmt::format("SELECT countIf(status = 'pending'), countIf(status = 'cancelled' AND completed_at >"
                                 " {{since:DateTime64(6, 'UTC')}}), minIf(scheduled_at, status = 'pending')"
                                 " FROM event_schedules FINAL{}",
                                 kByPartition)};
  query.parameters.time("since", clock_.wall() - dedupe_window_);
  gate_.query(std::move(query), [counted = counted_, began, writes, &clock = clock_,
                                 done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    RowReader reader(answer->body);
    TierCounts counts;
    counts.pending = reader.number<uint64_t>();
    counts.remembered = reader.number<uint64_t>();
    const auto next = reader.time();
    if (!reader.ok()) return done(fail(Code::corrupt, "ClickHouse's counts of events cannot be read"));
    if (counts.pending > 0) counts.next_fire_at = next;
    {
      const std::scoped_lock lock(counted->mutex);
      if (counted->writes == writes) {
        const auto now = clock.steady();
        counted->counts = counts;
        counted->took = now - began;
        counted->until = now + std::max(kCountsAreFresh, (now - began) * kCountsPause);
      }
    }
    done(counts);
  });
}

void ClickHouseEventReader::count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) {
  Query query{.sql = fmt::format(
                  "SELECT toUInt64(intDiv(toUnixTimestamp64Micro(scheduled_at) - {}, {})) AS slot,"
                  " countIf(status = 'pending') FROM event_schedules FINAL"
                  " WHERE scheduled_at >= {{from:DateTime64(6, 'UTC')}} AND scheduled_at < {{to:DateTime64(6, 'UTC')}}"
                  " GROUP BY slot{}",
                  to_micros(slots.from), slots.width.count(), kByPartition)};
  query.parameters.time("from", slots.from).time("to", slots.end());
  gate_.query(std::move(query), [slots, done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) return done(fail(std::move(answer.error())));
    std::vector<SlotCount> counts(slots.count);
    for (RowReader reader(answer->body); !reader.at_end();) {
      const auto slot = reader.number<uint64_t>();
      const auto count = reader.number<uint64_t>();
      if (!reader.ok() || slot >= counts.size()) {
        return done(fail(Code::corrupt, "ClickHouse's counts of events cannot be read"));
      }
      counts[slot].count = count;
    }
    done(std::move(counts));
  });
}

}  // namespace schedules
