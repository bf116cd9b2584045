#include "store/sqlite/dead_letter_table.h"

#include <charconv>

#include "model/record.h"
#include "store/sqlite/where.h"

namespace schedules::sqlite {
namespace {

struct DeadPlace {
  TimePoint died_at;
  EventId id;
};

// "<died_at in micros>.<event id>"
std::string cursor_of(const DeadLetter& letter) {
  return fmt::format("{}.{}", to_micros(letter.died_at), letter.event.id.text());
}

Result<DeadPlace> parse_dead_cursor(std::string_view cursor) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  const auto id = rest.starts_with('.') ? parse_id(rest.substr(1)) : std::nullopt;
  if (error != std::errc{} || !id) return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  return DeadPlace{from_micros(micros), *id};
}

Result<DeadLetter> read_letter(const Query& row) {
  auto stored = unpack(row.bytes(0));
  if (!stored) return fail(std::move(stored.error()));
  return DeadLetter{
      .event = std::move(stored->event), .reason = row.text(1), .detail = row.text(2), .died_at = row.time(3)};
}

}  // namespace

Status bury_letters(Database& database, const std::vector<DeadLetter>& letters) {
  std::string record;
  for (const auto& letter : letters) {
    record.clear();
    // As pending: a final state would leave out body and headers, which a redrive needs.
    pack(letter.event, State::pending, Tier::near, {}, record);
    auto done = database
                    .query(
                        "INSERT INTO dead_letters(event_id, died_at, topic, reason, schedule_id, detail, "
                        "record) "
                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT(event_id) DO UPDATE SET "
                        "died_at = ?2, topic = ?3, reason = ?4, schedule_id = ?5, detail = ?6, record = ?7",
                        {Blob{letter.event.id.view()}, letter.died_at, letter.event.topic, letter.reason,
                         letter.event.schedule_id, letter.detail, Blob{record}})
                    .end();
    if (!done) return done;
  }
  return {};
}

Result<std::optional<DeadLetter>> get_letter(Database& database, const EventId& id) {
  auto row =
      database.query("SELECT record, reason, detail, died_at FROM dead_letters WHERE event_id = ?1", {Blob{id.view()}});
  std::optional<DeadLetter> found;
  if (row.step()) {
    auto letter = read_letter(row);
    if (!letter) return fail(std::move(letter.error()));
    found = std::move(*letter);
  }
  if (auto done = row.end(); !done) return fail(std::move(done.error()));
  return found;
}

Result<DeadLetterPage> find_letters(Database& database, const DeadLetterFilter& filter) {
  Where where;
  where.add_if("f.topic = ?", filter.topic);
  where.add_if("f.reason = ?", filter.reason);
  where.add_if("f.schedule_id = ?", filter.schedule_id);
  where.add_if("f.died_at >= ?", filter.died_from);
  where.add_if("f.died_at < ?", filter.died_to);
  if (!filter.cursor.empty()) {
    const auto after = parse_dead_cursor(filter.cursor);
    if (!after) return fail(after.error());
    where.add("(f.died_at, f.event_id) < (?, ?)", {after->died_at, Blob{where.keep(std::string(after->id.view()))}});
  }
  where.also(filter.limit + 1);
  const auto sql = fmt::format(
      "SELECT l.record, l.reason, l.detail, l.died_at FROM (SELECT f.seq AS seq FROM dead_letters "
      "AS f "
      "INDEXED BY dead_letters_page{} ORDER BY f.died_at DESC, f.event_id DESC LIMIT ?) AS page "
      "CROSS JOIN dead_letters AS l ON l.seq = page.seq ORDER BY l.died_at DESC, l.event_id DESC",
      where.sql());
  auto rows = database.query(sql, where.values());
  DeadLetterPage page;
  while (rows.step()) {
    // One more was asked for than fits, only to learn whether there is one.
    if (page.letters.size() == filter.limit) {
      page.next_cursor = cursor_of(page.letters.back());
      return page;
    }
    auto letter = read_letter(rows);
    if (!letter) return fail(std::move(letter.error()));
    page.letters.push_back(std::move(*letter));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return page;
}

Result<uint64_t> drop_letters(Database& database, const std::vector<EventId>& ids) {
  uint64_t dropped = 0;
  for (const auto& id : ids) {
    auto done = database.query("DELETE FROM dead_letters WHERE event_id = ?1", {Blob{id.view()}}).end();
    if (!done) return fail(std::move(done.error()));
    dropped += database.changes();
  }
  return dropped;
}

}  // namespace schedules::sqlite
