#include "store/sqlite/alert_table.h"

#include "store/sqlite/where.h"

namespace schedules::sqlite {
namespace {

constexpr std::string_view kAlertColumns =
    "schedule_id, kind, schedule_name, since, opened_at, recovered_at, reason, error, failures, url, news, attempts, "
    "next_try_at, told_at, tell_error, version";

Alert read_alert(const Query& row) {
  Alert alert;
  alert.schedule_id = row.text(0);
  alert.kind = static_cast<AlertKind>(row.integer(1));
  alert.schedule_name = row.text(2);
  alert.since = row.time(3);
  alert.opened_at = row.time(4);
  alert.recovered_at = row.optional_time(5);
  alert.reason = row.text(6);
  alert.error = row.text(7);
  alert.failures = static_cast<uint64_t>(row.integer(8));
  alert.url = row.text(9);
  alert.news = static_cast<AlertNews>(row.integer(10));
  alert.attempts = static_cast<uint32_t>(row.integer(11));
  alert.next_try_at = row.time(12);
  alert.told_at = row.optional_time(13);
  alert.tell_error = row.text(14);
  alert.version = static_cast<uint64_t>(row.integer(15));
  return alert;
}

Result<bool> save(Database& database, const Alert& alert) {
  uint64_t version = 0;
  bool gives_way = true;  // there is none, or it is over and told
  auto stored = database.query("SELECT version, recovered_at, news FROM alerts WHERE schedule_id = ?1 AND kind = ?2",
                               {alert.schedule_id, alert.kind});
  if (stored.step()) {
    version = static_cast<uint64_t>(stored.integer(0));
    gives_way = !stored.is_null(1) && static_cast<AlertNews>(stored.integer(2)) == AlertNews::none;
  }
  if (auto done = stored.end(); !done) return fail(std::move(done.error()));
  if (alert.version == 0 ? !gives_way : alert.version != version) return false;
  static const std::string sql =
      fmt::format("INSERT OR REPLACE INTO alerts({}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16)",
                  kAlertColumns);
  auto done = database
                  .query(sql, {alert.schedule_id, alert.kind, alert.schedule_name, alert.since, alert.opened_at,
                               alert.recovered_at, alert.reason, alert.error, alert.failures, alert.url, alert.news,
                               alert.attempts, alert.next_try_at, alert.told_at, alert.tell_error, version + 1})
                  .end();
  if (!done) return fail(std::move(done.error()));
  return true;
}

}  // namespace

Result<AlertPage> find_alerts(Database& database, const AlertFilter& filter) {
  Where where;
  where.add_if("schedule_id = ?", filter.schedule_id);
  where.add_if("kind = ?", filter.kind);
  if (filter.open) where.add("(recovered_at IS NULL) = ?", {*filter.open});
  if (filter.current) where.add("(recovered_at IS NULL OR news <> ?)", {AlertNews::none});
  if (!filter.cursor.empty()) {
    const auto after = parse_alert_cursor(filter.cursor);
    if (!after) return fail(after.error());
    where.add("(opened_at, schedule_id, kind) < (?, ?, ?)",
              {after->opened_at, where.keep(after->schedule_id), after->kind});
  }
  where.also(filter.limit + 1);
  auto rows =
      database.query(fmt::format("SELECT {} FROM alerts{} ORDER BY opened_at DESC, schedule_id DESC, kind DESC LIMIT ?",
                                 kAlertColumns, where.sql()),
                     where.values());
  AlertPage page;
  while (rows.step()) {
    // One more was asked for than fits, only to learn whether there is one.
    if (page.alerts.size() == filter.limit) {
      page.next_cursor = cursor_of(page.alerts.back());
      return page;
    }
    page.alerts.push_back(read_alert(rows));
  }
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return page;
}

Result<std::vector<bool>> save_alerts(Database& database, const std::vector<Alert>& alerts) {
  std::vector<bool> saved;
  for (const auto& alert : alerts) {
    const auto one = save(database, alert);
    if (!one) return fail(one.error());
    saved.push_back(*one);
  }
  return saved;
}

Result<uint64_t> forget_alerts(Database& database, TimePoint before) {
  auto done =
      database.query("DELETE FROM alerts WHERE recovered_at < ?1 AND news = ?2", {before, AlertNews::none}).end();
  if (!done) return fail(std::move(done.error()));
  return database.changes();
}

}  // namespace schedules::sqlite
