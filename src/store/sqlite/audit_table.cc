#include "store/sqlite/audit_table.h"

#include "store/sqlite/where.h"

namespace schedules::sqlite {
namespace {

constexpr std::string_view kAuditColumns = "id, at, actor, role, kind, object_id, object_name, action, changes";

Status insert(Database& database, const AuditEntry& entry) {
  static const std::string sql =
      fmt::format("INSERT OR IGNORE INTO audit({}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)", kAuditColumns);
  return database
      .query(sql, {entry.id, entry.at, entry.actor.name, entry.actor.role, entry.kind, entry.object_id,
                   entry.object_name, entry.action, entry.changes})
      .end();
}

AuditEntry read_entry(const Query& row) {
  return {.id = row.text(0),
          .at = row.time(1),
          .actor = {.name = row.text(2), .role = row.text(3)},
          .kind = row.text(4),
          .object_id = row.text(5),
          .object_name = row.text(6),
          .action = row.text(7),
          .changes = row.text(8)};
}

}  // namespace

Status append_entries(Database& database, const std::vector<AuditEntry>& entries) {
  for (const auto& entry : entries) {
    if (auto done = insert(database, entry); !done) return done;
  }
  return {};
}

Status append_note(Database& database, const AuditNote& note) {
  if (!note) return {};
  return insert(database, *note);
}

Result<AuditPage> find_entries(Database& database, const AuditFilter& filter) {
  Where where;
  where.add_if("kind = ?", filter.kind);
  where.add_if("object_id = ?", filter.object_id);
  where.add_if("actor = ?", filter.actor);
  where.add_if("at >= ?", filter.since);
  where.add_if("at < ?", filter.until);
  if (!filter.cursor.empty()) {
    auto after = parse_audit_cursor(filter.cursor);
    if (!after) return fail(std::move(after.error()));
    where.add("(at, id) < (?, ?)", {after->at, where.keep(std::move(after->id))});
  }
  where.also(filter.limit + 1);
  // Each index has its entries in the order of pages.
  const std::string_view index = filter.object_id ? " INDEXED BY audit_object"
                                 : filter.actor   ? " INDEXED BY audit_actor"
                                                  : "";
  auto rows = database.query(
      fmt::format("SELECT {} FROM audit{}{} ORDER BY at DESC, id DESC LIMIT ?", kAuditColumns, index, where.sql()),
      where.values());
  AuditPage page;
  while (rows.step()) {
    // One more was asked for than fits, only to learn whether there is one.
    if (page.entries.size() == filter.limit) {
      page.next_cursor = cursor_of(page.entries.back());
      return page;
    }
    page.entries.push_back(read_entry(rows));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return page;
}

Result<uint64_t> forget_entries(Database& database, TimePoint before) {
  auto done = database.query("DELETE FROM audit WHERE at < ?1", {before}).end();
  if (!done) return fail(std::move(done.error()));
  return database.changes();
}

}  // namespace schedules::sqlite
