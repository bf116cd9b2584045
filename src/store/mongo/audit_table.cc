#include "store/mongo/audit_table.h"

#include "base/log.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Array;
using mongo::Document;

constexpr size_t kEntriesPerWrite = 500;

mongo::Write insert_of(const AuditEntry& entry, std::string_view state) {
  Document fields{{"at", entry.at},
                  {"at_us", to_micros(entry.at)},
                  {"actor", entry.actor.name},
                  {"role", entry.actor.role},
                  {"kind", entry.kind},
                  {"object_id", entry.object_id},
                  {"object_name", entry.object_name},
                  {"action", entry.action},
                  {"changes", entry.changes},
                  {"state", state}};
  return {.filter = {{"_id", entry.id}}, .document = {{"$setOnInsert", fields}}, .upsert = true};
}

Result<AuditEntry> read_entry(std::string_view document) {
  AuditEntry entry;
  FieldReader fields(document);
  int64_t at_us = 0;
  std::string state;
  fields.text("_id", entry.id);
  fields.number("at_us", at_us);
  fields.text("actor", entry.actor.name);
  fields.text("role", entry.actor.role);
  fields.text("kind", entry.kind);
  fields.text("object_id", entry.object_id);
  fields.text("object_name", entry.object_name);
  fields.text("action", entry.action);
  fields.text("changes", entry.changes);
  fields.text("state", state);
  if (!fields.fault().empty()) return fail(Code::corrupt, "an audit entry in MongoDB: {}", fields.fault());
  entry.at = from_micros(at_us);
  entry.certain = state == "done";
  return entry;
}

Result<Document> filter_of(const AuditFilter& filter) {
  Document out;
  if (filter.kind) out.add("kind", *filter.kind);
  if (filter.object_id) out.add("object_id", *filter.object_id);
  if (filter.actor) out.add("actor", *filter.actor);
  Document at;
  if (filter.since) at.add("$gte", to_micros(*filter.since));
  if (filter.until) at.add("$lt", to_micros(*filter.until));
  if (!at.empty()) out.add("at_us", at);
  if (filter.cursor.empty()) return out;
  const auto after = parse_audit_cursor(filter.cursor);
  if (!after) return fail(after.error());
  const int64_t micros = to_micros(after->at);
  out.add("$or", Array{Document{{"at_us", Document{{"$lt", micros}}}},
                       Document{{"at_us", micros}, {"_id", Document{{"$lt", after->id}}}}});
  return out;
}

}  // namespace

Status append_entries(mongo::Connection& mongo, const std::vector<AuditEntry>& entries) {
  std::vector<mongo::Write> writes;
  for (size_t i = 0; i < entries.size(); ++i) {
    writes.push_back(insert_of(entries[i], "done"));
    if (writes.size() < kEntriesPerWrite && i + 1 < entries.size()) continue;
    auto done = mongo.write(collections::kAudit, writes, mongo::Order::any);
    // Another one has written the same entry at the same moment.
    if (!done && done.error().code != Code::already_exists) return fail(std::move(done.error()));
    writes.clear();
  }
  return {};
}

Result<AuditPage> find_entries(mongo::Connection& mongo, const AuditFilter& filter) {
  auto where = filter_of(filter);
  if (!where) return fail(std::move(where.error()));
  AuditPage page;
  size_t seen = 0;
  auto done = mongo.find({.collection = collections::kAudit,
                          .filter = std::move(*where),
                          .sort = {{"at_us", -1}, {"_id", -1}},
                          .projection = {},
                          .limit = filter.limit + 1},
                         [&](std::string_view document) -> Status {
                           // One more was asked for than fits, only to learn whether there is one.
                           if (++seen > filter.limit) {
                             if (!page.entries.empty()) page.next_cursor = cursor_of(page.entries.back());
                             return {};
                           }
                           auto entry = read_entry(document);
                           if (entry) {
                             page.entries.push_back(std::move(*entry));
                           } else {  // another program's: it must not hide the others
                             log::error("mongo.audit_unreadable", {{"error", entry.error().detail}});
                           }
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  return page;
}

Result<uint64_t> forget_entries(mongo::Connection& mongo, TimePoint before) {
  auto removed = mongo.remove(collections::kAudit, {{"at_us", Document{{"$lt", to_micros(before)}}}});
  if (!removed) return fail(std::move(removed.error()));
  return removed->removed;
}

Status begin_note(mongo::Connection& mongo, const AuditEntry& entry) {
  const std::vector<mongo::Write> writes{insert_of(entry, "begun")};
  auto done = mongo.write(collections::kAudit, writes, mongo::Order::ordered);
  if (!done && done.error().code != Code::already_exists) return fail(std::move(done.error()));
  return {};
}

void end_note(mongo::Connection& mongo, const AuditEntry& entry, NoteEnd end) {
  if (end == NoteEnd::unknown) return;
  Document filter{{"_id", entry.id}};
  const auto done = end == NoteEnd::made
                        ? mongo.update(collections::kAudit, std::move(filter), {{"$set", Document{{"state", "done"}}}})
                        : mongo.remove(collections::kAudit, {{"_id", entry.id}, {"state", "begun"}});
  if (!done) log::warn("mongo.audit_not_ended", {{"entry", entry.id}, {"error", done.error().detail}});
}

}  // namespace schedules
