#include "store/sqlite/run_table.h"

namespace schedules::sqlite {
namespace {

Result<std::vector<RunEntry>> read_runs(Database& database, const std::string& schedule_id) {
  std::vector<RunEntry> runs;
  auto row = database.query("SELECT runs FROM schedule_runs WHERE schedule_id = ?1", {schedule_id});
  if (row.step()) {
    auto stored = unpack_runs(row.bytes(0));
    if (!stored) return stored;
    runs = std::move(*stored);
  }
  if (auto read = row.end(); !read) return fail(read.error());
  return runs;
}

Status write_runs(Database& database, const std::string& schedule_id, const std::vector<RunEntry>& runs) {
  if (runs.empty()) return database.query("DELETE FROM schedule_runs WHERE schedule_id = ?1", {schedule_id}).end();
  const std::string bytes = pack_runs(runs);
  return database
      .query("INSERT OR REPLACE INTO schedule_runs(schedule_id, runs) VALUES (?1, ?2)", {schedule_id, Blob{bytes}})
      .end();
}

}  // namespace

Result<std::vector<RunEntry>> change_runs(Database& database, const std::string& schedule_id, const RunChange& change) {
  auto runs = read_runs(database, schedule_id);
  if (!runs) return runs;
  const auto before = *runs;
  change(*runs);
  if (*runs == before) return runs;
  if (auto written = write_runs(database, schedule_id, *runs); !written) return fail(written.error());
  return runs;
}

}  // namespace schedules::sqlite
