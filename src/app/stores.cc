#include "app/stores.h"

#include <filesystem>

#include "app/servers.h"

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

std::string events_dir(const Settings& settings) { return settings.data_dir + "/events"; }
std::string schedules_file(const Settings& settings) { return settings.data_dir + "/schedules.db"; }
std::string executions_file(const Settings& settings) { return settings.data_dir + "/executions.db"; }

Result<std::unique_ptr<Stores>> Stores::open(const Settings& settings, const Clock& clock, Random& random) {
  std::unique_ptr<Stores> stores(new Stores());
  for (const Status& opened : {stores->open_embedded(settings, clock), stores->open_schedules(settings, clock, random),
                               stores->open_redis(settings, clock), stores->open_clickhouse(settings, clock, random)}) {
    if (!opened) return fail(opened.error());
  }
  stores->assign_roles(clock);
  return stores;
}

Status Stores::open_embedded(const Settings& settings, const Clock& clock) {
  if (auto made = make_data_dir(settings.data_dir); !made) return made;
  RocksOptions options{.dir = events_dir(settings),
                       .dedupe_window = std::chrono::seconds(settings.dedupe_window_seconds)};
  options.immediate_horizon = immediate_horizon(settings);
  // SQLite's two page caches take 4 MiB of the budget.
  options.memory_bytes = static_cast<size_t>(std::max<int64_t>(settings.memory_budget_mb - 4, 8)) << 20U;
  options.sync = settings.fsync;
  auto events = RocksStore::open(options, clock);
  if (!events) return fail(with_path(events.error(), options.dir));
  rocks_ = std::move(*events);
  if (!settings.clickhouse_url.empty()) return {};
  auto executions = SqliteExecutionStore::open({.path = executions_file(settings)});
  if (!executions) return fail(with_path(executions.error(), executions_file(settings)));
  sqlite_executions_ = std::move(*executions);
  return {};
}

template <class Store>
void Stores::keep_schedules_in(Store& store) {
  schedules_ = &store;
  counters_ = &store;
  dead_letters_ = &store;
  definitions_ = &store;
  runs_ = &store;
  audit_ = &store;
  alerts_ = &store;
}

Status Stores::open_schedules(const Settings& settings, const Clock& clock, Random& random) {
  if (!settings.mongo_url.empty()) {
    auto options = mongo_options_of(settings);
    if (!options) return fail(options.error());
    mongo_ = MongoScheduleStore::open(std::move(*options), clock, random);
    keep_schedules_in(*mongo_);
    return {};
  }
  auto schedules = SqliteScheduleStore::open({.path = schedules_file(settings)});
  if (!schedules) return fail(with_path(schedules.error(), schedules_file(settings)));
  sqlite_schedules_ = std::move(*schedules);
  keep_schedules_in(*sqlite_schedules_);
  return {};
}

Status Stores::open_redis(const Settings& settings, const Clock& clock) {
  if (settings.redis_url.empty()) return {};
  auto url = redis_url_of(settings);
  if (!url) return fail(url.error());
  auto client = redis::Client::open(std::move(*url), redis_options_of(settings), clock);
  if (!client) return fail(client.error());
  redis_client_ = std::move(*client);
  redis_ = RedisStore::open(redis_store_options_of(settings), *redis_client_, clock);
  return {};
}

Status Stores::open_clickhouse(const Settings& settings, const Clock& clock, Random& random) {
  if (settings.clickhouse_url.empty()) return {};
  const auto url = clickhouse_url_of(settings);
  if (!url) return fail(url.error());
  auto far = ClickHouseFarStore::open(
      {.url = *url, .client = {}, .dedupe_window = std::chrono::seconds(settings.dedupe_window_seconds)}, clock,
      random);
  if (!far) return fail(far.error());
  clickhouse_far_ = std::move(*far);
  auto executions = ClickHouseExecutionStore::open({.url = *url, .client = {}});
  if (!executions) return fail(executions.error());
  clickhouse_executions_ = std::move(*executions);
  const auto path = settings.data_dir + "/spool.db";
  auto spool = SqliteExecutionSpool::open({.path = path});
  if (!spool) return fail(with_path(spool.error(), path));
  spool_ = std::move(*spool);
  outbox_ = std::make_unique<ExecutionOutbox>(*clickhouse_executions_, *spool_, clock);
  return {};
}

void Stores::assign_roles(const Clock& clock) {
  near_ = redis_ ? &redis_->near() : &rocks_->near();
  near_catalog_ = redis_ ? &redis_->catalog() : &rocks_->near_catalog();
  far_ = clickhouse_far_ ? static_cast<FarStore*>(clickhouse_far_.get()) : &rocks_->far();
  far_catalog_ = clickhouse_far_ ? static_cast<EventCatalog*>(clickhouse_far_.get()) : &rocks_->far_catalog();
  one_store_ = !redis_ && !clickhouse_far_;
  if (redis_) {
    guard_ = &redis_->guard();
  } else if (clickhouse_far_) {
    local_guard_ = std::make_unique<LocalGuard>(rocks_->near(), rocks_->near_catalog(), clock);
    near_ = local_guard_.get();
    guard_ = local_guard_.get();
  }
  executions_ = outbox_ ? static_cast<ExecutionStore*>(outbox_.get()) : sqlite_executions_.get();
  analytics_ =
      clickhouse_executions_ ? static_cast<AnalyticsStore*>(clickhouse_executions_.get()) : sqlite_executions_.get();
}

void Stores::put_before(NearStore& near, EventCatalog& near_catalog, FarStore& far, EventCatalog& far_catalog) {
  near_ = &near;
  near_catalog_ = &near_catalog;
  far_ = &far;
  far_catalog_ = &far_catalog;
}

void Stores::close() {
  if (outbox_) outbox_->stop();
  redis_client_.reset();  // it answers what is under way, which still looks at its store
  redis_.reset();
  clickhouse_far_.reset();
  rocks_.reset();
  mongo_.reset();
  sqlite_schedules_.reset();
  clickhouse_executions_.reset();
  spool_.reset();
  outbox_.reset();
  sqlite_executions_.reset();
}

}  // namespace schedules
