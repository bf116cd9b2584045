#include "store/sqlite/execution_hours.h"

namespace schedules::sqlite {

void HourSums::add(RunStatus status, int64_t lateness_micros, int64_t duration_micros) {
  ++total;
  if (duration_micros > 0) {
    ++timed;
    duration_sum += duration_micros;
  }
  if (status == RunStatus::skipped) ++skipped;
  if (status != RunStatus::success && status != RunStatus::failure) return;
  ++(status == RunStatus::success ? succeeded : failed);
  lateness_sum += lateness_micros;
  lateness.add(lateness_micros);
}

void HourSums::add(const HourSums& other, int64_t sign) {
  total += sign * other.total;
  succeeded += sign * other.succeeded;
  failed += sign * other.failed;
  skipped += sign * other.skipped;
  lateness_sum += sign * other.lateness_sum;
  timed += sign * other.timed;
  duration_sum += sign * other.duration_sum;
  lateness.add(other.lateness, sign);
}

void HourChanges::add(int64_t executed_at, std::string_view entity_type, std::string_view action, RunStatus status,
                      int64_t lateness_micros, int64_t duration_micros) {
  const KeyView view{executed_at / kHourMicros, entity_type, action};
  auto found = changes_.find(view);
  if (found == changes_.end()) {
    found = changes_.emplace(Key{view.hour, std::string(entity_type), std::string(action)}, HourSums{}).first;
  }
  found->second.add(status, lateness_micros, duration_micros);
}

Status HourChanges::apply(Database& database, int64_t sign) const {
  for (const auto& [key, change] : changes_) {
    if (auto done = apply_one(database, key, change, sign); !done) return done;
  }
  return {};
}

Status HourChanges::apply_one(Database& database, const Key& key, const HourSums& change, int64_t sign) {
  static const std::string select =
      fmt::format("SELECT {} FROM execution_hours WHERE hour = ?1 AND entity_type = ?2 AND action = ?3", kHourColumns);
  HourSums sums;
  {
    auto row = database.query(select, {key.hour, key.entity_type, key.action});
    if (row.step()) {
      auto stored = read_hour_sums(row);
      if (!stored) return fail(std::move(stored.error()));
      sums = std::move(*stored);
    }
    if (auto done = row.end(); !done) return done;
  }
  sums.add(change, sign);
  if (sums.total == 0) {
    return database
        .query("DELETE FROM execution_hours WHERE hour = ?1 AND entity_type = ?2 AND action = ?3",
               {key.hour, key.entity_type, key.action})
        .end();
  }
  std::string lateness;
  sums.lateness.pack(lateness);
  return database
      .query(
          "REPLACE INTO execution_hours(hour, entity_type, action, total, succeeded, failed, "
          "skipped, "
          "lateness_sum, timed, duration_sum, lateness) VALUES "
          "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
          {key.hour, key.entity_type, key.action, sums.total, sums.succeeded, sums.failed, sums.skipped,
           sums.lateness_sum, sums.timed, sums.duration_sum, Blob{lateness}})
      .end();
}

Result<HourSums> read_hour_sums(const Query& row) {
  auto lateness = Histogram::unpack(row.bytes(7));
  if (!lateness) return fail(std::move(lateness.error()));
  return HourSums{.total = row.integer(0),
                  .succeeded = row.integer(1),
                  .failed = row.integer(2),
                  .skipped = row.integer(3),
                  .lateness_sum = row.integer(4),
                  .timed = row.integer(5),
                  .duration_sum = row.integer(6),
                  .lateness = std::move(*lateness)};
}

}  // namespace schedules::sqlite
