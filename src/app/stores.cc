#include "app/stores.h"

#include <filesystem>

namespace schedules {
namespace {

Error with_path(Error error, const std::string& path) {
  error.detail = fmt::format("{}: {}", path, error.detail);
  return error;
}

Status make_data_dir(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail_field(Code::io_error, "schedules_DATA_DIR", "cannot make {}: {}", path, error.message());
  return {};
}

}  // namespace

Duration immediate_horizon(const Settings& settings) {
  if (!settings.use_hybrid_scheduler) return std::chrono::hours(24 * 36'600);  // all are near
  return std::chrono::seconds(settings.immediate_horizon_seconds);
}

std::string events_dir(const Settings& settings) { return settings.data_dir + "/events"; }
std::string schedules_file(const Settings& settings) { return settings.data_dir + "/schedules.db"; }
std::string executions_file(const Settings& settings) { return settings.data_dir + "/executions.db"; }

Result<Stores> open_stores(const Settings& settings, const Clock& clock) {
  if (auto made = make_data_dir(settings.data_dir); !made) return fail(made.error());
  RocksOptions options{.dir = events_dir(settings),
                       .dedupe_window = std::chrono::seconds(settings.dedupe_window_seconds)};
  options.immediate_horizon = immediate_horizon(settings);
  // SQLite's two page caches take 4 MiB of the budget.
  options.memory_bytes = static_cast<size_t>(std::max<int64_t>(settings.memory_budget_mb - 4, 8)) << 20U;
  options.sync = settings.fsync;
  Stores stores;
  auto events = RocksStore::open(options, clock);
  if (!events) return fail(with_path(events.error(), options.dir));
  stores.events = std::move(*events);
  auto schedules = SqliteScheduleStore::open({.path = schedules_file(settings)});
  if (!schedules) return fail(with_path(schedules.error(), schedules_file(settings)));
  stores.schedules = std::move(*schedules);
  auto executions = SqliteExecutionStore::open({.path = executions_file(settings)});
  if (!executions) return fail(with_path(executions.error(), executions_file(settings)));
  stores.executions = std::move(*executions);
  return stores;
}

}  // namespace schedules
