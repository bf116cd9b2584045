#include "store/clickhouse/execution_store.h"

#include "base/ids.h"
#include "store/clickhouse/execution_core.h"

namespace schedules {
namespace {

constexpr size_t kPatternsMax = 100;
constexpr std::chrono::seconds kReadTimeout{15};
constexpr std::chrono::seconds kInsertTimeout{30};
constexpr std::chrono::seconds kAwayTimeout{2};  // health tells a dead server within 4 s

}  // namespace

clickhouse::Query reading(std::string sql, const Conditions& conditions) {
  return {.sql = std::move(sql),
          .parameters = conditions.parameters(),
          .settings = {{"do_not_merge_across_partitions_select_final", "1"}},
          .timeout = kReadTimeout};
}

clickhouse::Query inserting(std::string sql, std::string body) {
  auto token = fmt::format("{:016x}{:016x}", stable_hash(body, 1), stable_hash(body, 2));
  return {.sql = std::move(sql),
          .settings = {{"insert_deduplication_token", std::move(token)},
                       {"deduplicate_blocks_in_dependent_materialized_views", "1"},
                       {"max_partitions_per_insert_block", "0"},
                       {"async_insert", "0"}},
          .body = std::move(body),
          .timeout = kInsertTimeout};
}

Result<std::unique_ptr<ClickHouseExecutionStore>> ClickHouseExecutionStore::open(ClickHouseExecutionOptions options) {
  auto client = clickhouse::Client::open(std::move(options.url), std::move(options.client));
  if (!client) return fail(std::move(client.error()));
  return std::make_unique<ClickHouseExecutionStore>(std::move(*client), options.exact_rows_max);
}

ClickHouseExecutionStore::ClickHouseExecutionStore(std::unique_ptr<clickhouse::Client> client, size_t exact_rows_max)
    : core_(std::make_shared<Core>(*client, exact_rows_max)), client_(std::move(client)) {}
ClickHouseExecutionStore::~ClickHouseExecutionStore() = default;

void ClickHouseExecutionStore::Core::ask(clickhouse::Query query, Done<clickhouse::Answer> done) {
  if (away) query.timeout = kAwayTimeout;
  gate.query(std::move(query), [self = shared_from_this(),
                                done = std::move(done)](Result<clickhouse::Answer> answer) mutable {
    self->away = !answer && answer.error().code == Code::unavailable && clickhouse::exception_code(answer.error()) == 0;
    done(std::move(answer));
  });
}

void ClickHouseExecutionStore::append(ExecutionBatch executions, Done<void> done) {
  append_executions(core_, *executions, std::move(done));
}

void ClickHouseExecutionStore::find_executions(ExecutionFilter filter, Done<ExecutionPage> done) {
  schedules::find_executions(core_, std::move(filter), std::move(done));
}

void ClickHouseExecutionStore::stats(ExecutionFilter filter, Done<ExecutionStats> done) {
  execution_stats(core_, std::move(filter), std::move(done));
}

void ClickHouseExecutionStore::groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) {
  execution_groups(core_, std::move(filter), by, std::move(done));
}

void ClickHouseExecutionStore::error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) {
  error_lines(core_, "schedule_execution_results", "executed_at", conditions_of(filter), kPatternsMax, std::move(done));
}

void ClickHouseExecutionStore::expire(RetentionCuts cuts, Done<Expired> done) {
  apply_retention(core_);
  expire_executions(core_, cuts, std::move(done));
}

void ClickHouseExecutionStore::post_records(std::vector<AnalyticsRecord> records, Done<void> done) {
  schedules::post_records(core_, records, std::move(done));
}

void ClickHouseExecutionStore::find_records(AnalyticsFilter filter, Done<std::vector<AnalyticsRecord>> done) {
  schedules::find_records(core_, std::move(filter), std::move(done));
}

void ClickHouseExecutionStore::figures(AnalyticsFilter filter, AnalyticsBy by, Done<std::vector<AnalyticsGroup>> done) {
  analytics_figures(core_, std::move(filter), by, std::move(done));
}

void ClickHouseExecutionStore::common_errors(AnalyticsFilter filter, Done<std::vector<ErrorPattern>> done) {
  filter.level = AnalyticsLevel::error;
  const size_t limit = filter.limit;
  auto records = record_conditions(filter);
  error_lines(core_, "schedule_execution_results", "executed_at", execution_conditions(filter), kPatternsMax,
              [core = core_, limit, records = std::move(records),
               done = std::move(done)](Result<std::vector<ErrorPattern>> fired) mutable {
                if (!fired) return done(std::move(fired));
                error_lines(core, "schedule_analytics_records", "completed_at", std::move(records), kPatternsMax,
                            [limit, fired = std::move(*fired),
                             done = std::move(done)](Result<std::vector<ErrorPattern>> posted) mutable {
                              if (!posted) return done(std::move(posted));
                              done(merged(std::move(fired), *posted, limit));
                            });
              });
}

void ClickHouseExecutionStore::probe(Done<void> done) {
  apply_retention(core_);
  core_->ask({.sql = "SELECT 1", .timeout = kAwayTimeout},
             [done = std::move(done)](const Result<clickhouse::Answer>& answer) mutable {
               if (!answer) return done(fail(answer.error()));
               done({});
             });
}

void ClickHouseExecutionStore::inspect(Done<ClickHouseLayoutStatus> done) {
  inspect_clickhouse(*client_, execution_layout(), std::move(done));
}

void ClickHouseExecutionStore::keep_for(uint32_t history_days, uint32_t analytics_days) {
  {
    const std::scoped_lock lock(core_->mutex);
    core_->days = {.history = history_days, .analytics = analytics_days};
    core_->retention_applied = false;
  }
  apply_retention(core_);
}

}  // namespace schedules
