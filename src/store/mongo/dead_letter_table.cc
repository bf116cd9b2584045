#include "store/mongo/dead_letter_table.h"

#include <charconv>

#include "base/log.h"
#include "model/record.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Array;
using mongo::Document;

constexpr size_t kBytesPerWrite = size_t{8} << 20U;
constexpr size_t kIdsPerWrite = 1'000;

struct Position {
  int64_t died_us = 0;
  EventId id;
};

// "<died_at in micros>.<event id>"
std::string cursor_of(const DeadLetter& letter) {
  return fmt::format("{}.{}", to_micros(letter.died_at), letter.event.id.text());
}

Result<Position> parse_cursor(std::string_view cursor) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  const auto id = rest.starts_with('.') ? parse_id(rest.substr(1)) : std::nullopt;
  if (error != std::errc{} || !id) return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  return Position{micros, *id};
}

Document document_of(const DeadLetter& letter) {
  const Event& event = letter.event;
  std::string record;
  // As pending: a final state would leave out body and headers, which a redrive needs.
  pack(event, State::pending, Tier::near, {}, record);
  return {{"_id", event.id.text()},           {"topic", event.topic},
          {"entity_type", event.entity_type}, {"entity_id", event.entity_id},
          {"action", event.action},           {"correlation_id", event.correlation_id},
          {"schedule_id", event.schedule_id}, {"schedule_name", event.schedule_name},
          {"due_at", event.due_at},           {"attempts", static_cast<int64_t>(event.attempts.size())},
          {"reason", letter.reason},          {"detail", letter.detail},
          {"died_at", letter.died_at},        {"died_us", to_micros(letter.died_at)},
          {"record", mongo::Binary{record}}};
}

Result<DeadLetter> read_letter(std::string_view document) {
  const auto record = mongo::find(document, "record");
  const auto bytes = record ? record->binary() : std::nullopt;
  if (!bytes) return fail(Code::corrupt, "a dead letter in MongoDB has no record");
  auto stored = unpack(*bytes);
  if (!stored) return fail(std::move(stored.error()));
  DeadLetter letter{.event = std::move(stored->event), .reason = {}, .detail = {}, .died_at = {}};
  FieldReader fields(document);
  fields.text("reason", letter.reason);
  fields.text("detail", letter.detail);
  int64_t died_us = 0;
  fields.number("died_us", died_us);
  letter.died_at = from_micros(died_us);
  if (!fields.fault().empty()) return fail(Code::corrupt, "a dead letter in MongoDB: {}", fields.fault());
  return letter;
}

Result<Document> filter_of(const DeadLetterFilter& filter) {
  Document out;
  if (filter.topic) out.add("topic", *filter.topic);
  if (filter.reason) out.add("reason", *filter.reason);
  if (filter.schedule_id) out.add("schedule_id", *filter.schedule_id);
  Document died;
  if (filter.died_from) died.add("$gte", to_micros(*filter.died_from));
  if (filter.died_to) died.add("$lt", to_micros(*filter.died_to));
  if (!died.empty()) out.add("died_us", died);
  if (filter.cursor.empty()) return out;
  const auto after = parse_cursor(filter.cursor);
  if (!after) return fail(after.error());
  out.add("$or", Array{Document{{"died_us", Document{{"$lt", after->died_us}}}},
                       Document{{"died_us", after->died_us}, {"_id", Document{{"$lt", after->id.text()}}}}});
  return out;
}

}  // namespace

Status bury_letters(mongo::Connection& mongo, const std::vector<DeadLetter>& letters) {
  std::vector<mongo::Write> writes;
  size_t bytes = 0;
  for (size_t i = 0; i < letters.size(); ++i) {
    Document document = document_of(letters[i]);
    bytes += document.size();
    writes.push_back({.kind = mongo::Write::Kind::replace,
                      .filter = {{"_id", letters[i].event.id.text()}},
                      .document = std::move(document),
                      .upsert = true});
    if (bytes < kBytesPerWrite && i + 1 < letters.size()) continue;
    auto done = mongo.write(collections::kDeadLetters, writes, mongo::Order::ordered);
    // Two who bury the same letter for the first time: the other one was quicker, so it is there to be replaced.
    if (!done && done.error().code == Code::already_exists) {
      done = mongo.write(collections::kDeadLetters, writes, mongo::Order::ordered);
    }
    if (!done) return fail(std::move(done.error()));
    writes.clear();
    bytes = 0;
  }
  return {};
}

Result<std::optional<DeadLetter>> get_letter(mongo::Connection& mongo, const EventId& id) {
  const auto found = mongo.find_one({.collection = collections::kDeadLetters, .filter = {{"_id", id.text()}}});
  if (!found) return fail(found.error());
  if (!*found) return std::nullopt;
  auto letter = read_letter(**found);
  if (!letter) return fail(std::move(letter.error()));
  return std::move(*letter);
}

Result<DeadLetterPage> find_letters(mongo::Connection& mongo, const DeadLetterFilter& filter) {
  auto where = filter_of(filter);
  if (!where) return fail(std::move(where.error()));
  DeadLetterPage page;
  size_t seen = 0;
  auto done = mongo.find({.collection = collections::kDeadLetters,
                          .filter = std::move(*where),
                          .sort = {{"died_us", -1}, {"_id", -1}},
                          .projection = {},
                          .limit = filter.limit + 1},
                         [&](std::string_view document) -> Status {
                           // One more was asked for than fits, only to learn whether there is one.
                           if (++seen > filter.limit) {
                             if (!page.letters.empty()) page.next_cursor = cursor_of(page.letters.back());
                             return {};
                           }
                           auto letter = read_letter(document);
                           if (letter) {
                             page.letters.push_back(std::move(*letter));
                           } else {  // another program's: it must not hide the others
                             log::error("mongo.letter_unreadable", {{"error", letter.error().detail}});
                           }
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  return page;
}

Result<uint64_t> drop_letters(mongo::Connection& mongo, const std::vector<EventId>& ids) {
  uint64_t dropped = 0;
  for (size_t start = 0; start < ids.size(); start += kIdsPerWrite) {
    Array some;
    for (size_t i = start; i < std::min(ids.size(), start + kIdsPerWrite); ++i) some.add(ids[i].text());
    auto removed = mongo.remove(collections::kDeadLetters, {{"_id", Document{{"$in", some}}}});
    if (!removed) return fail(std::move(removed.error()));
    dropped += removed->removed;
  }
  return dropped;
}

Result<uint64_t> count_letters(mongo::Connection& mongo) { return mongo.count(collections::kDeadLetters, {}); }

}  // namespace schedules
