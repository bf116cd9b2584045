// What is too old goes: exactly, by expire(); and by the tables' TTL, which follows the settings.
#include "base/log.h"
#include "store/clickhouse/execution_core.h"
#include "store/clickhouse/execution_rollup.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::RowReader;

constexpr std::chrono::seconds kDeleteTimeout{300};

constexpr std::string_view kOldExecutions =
    "executed_at < {analytics:DateTime64(6, 'UTC')} AND (executed_at < {both:DateTime64(6, 'UTC')} OR NOT of_schedule)";
constexpr std::string_view kOldRecords = "completed_at < {analytics:DateTime64(6, 'UTC')}";
// By whole hours, so that no state loses a part of what it counts.
constexpr std::string_view kOldStates =
    "addHours(toDateTime64(date, 6, 'UTC'), hour + 1) <= {analytics:DateTime64(6, 'UTC')}";

class ExpireCall : public std::enable_shared_from_this<ExpireCall> {
 public:
  ExpireCall(ExecutionCore core, RetentionCuts cuts, Done<Expired> done)
      : core_(std::move(core)), cuts_(cuts), done_(std::move(done)) {
    // The farthest that a time can be here; the tables know no other.
    const TimePoint last = from_micros(int64_t{7'258'118'400} * 1'000'000);  // 2200
    cuts_.analytics = std::min(cuts_.analytics, last);
    cuts_.history = std::min(cuts_.history, last);
  }

  void start() {
    ask(fmt::format("SELECT (SELECT countIf(of_schedule) FROM schedule_execution_results FINAL WHERE {0}), "
                    "(SELECT countIf(NOT of_schedule) FROM schedule_execution_results FINAL WHERE {0}), "
                    "(SELECT count() FROM schedule_analytics_records FINAL WHERE {1})",
                    kOldExecutions, kOldRecords),
        [](ExpireCall& call, RowReader& rows) {
          const auto count = [&] { return rows.nullable([&] { return rows.number<uint64_t>(); }).value_or(0); };
          call.expired_.history = count();
          const uint64_t plain = count();
          const uint64_t records = count();
          if (!rows.ok()) return call.done_(fail(Code::corrupt, "ClickHouse's answer holds no counts"));
          call.expired_.analytics = plain + records;
          call.counted(call.expired_.history + plain > 0, records > 0);
        });
  }

 private:
  void ask(std::string sql, void (*then)(ExpireCall&, RowReader&)) {
    clickhouse::Query query{.sql = std::move(sql),
                            .settings = {{"do_not_merge_across_partitions_select_final", "1"}},
                            .timeout = kDeleteTimeout};
    query.parameters.time("analytics", cuts_.analytics).time("both", std::min(cuts_.history, cuts_.analytics));
    core_->ask(std::move(query), [self = shared_from_this(), then](const Result<Answer>& answer) {
      if (!answer) return self->done_(fail(answer.error()));
      RowReader rows(answer->body);
      then(*self, rows);
    });
  }

  void counted(bool executions, bool records) {
    // Before the results: what breaks off in between is counted, and done, by the next call.
    if (expired_.history > 0) {
      todo_.emplace_back("DELETE FROM schedule_executions_by_schedule WHERE executed_at < {both:DateTime64(6, 'UTC')}");
    }
    if (executions) todo_.push_back(fmt::format("DELETE FROM schedule_execution_results WHERE {}", kOldExecutions));
    if (records) todo_.push_back(fmt::format("DELETE FROM schedule_analytics_records WHERE {}", kOldRecords));
    if (executions) todo_.push_back(fmt::format("DELETE FROM schedule_performance_states WHERE {}", kOldStates));
    next();
  }

  void next() {
    if (todo_.empty()) return roll_up();
    auto sql = std::move(todo_.front());
    todo_.erase(todo_.begin());
    ask(std::move(sql), [](ExpireCall& call, RowReader&) { call.next(); });
  }

  // Once an hour is often enough, and this is as often. Without it figures are right, and slower.
  void roll_up() {
    refresh_rollups(core_, [self = shared_from_this()](const Status& made) {
      if (!made) log::warn("clickhouse.rollup_failed", {{"error", made.error().detail}});
      self->done_(self->expired_);
    });
  }

  ExecutionCore core_;
  RetentionCuts cuts_;
  Done<Expired> done_;
  Expired expired_;
  std::vector<std::string> todo_;
};

// One TTL after the other, each only where it is not so already.
void apply_next(const ExecutionCore& core, std::vector<std::pair<std::string, std::string>> tables) {
  if (tables.empty()) {
    const std::scoped_lock lock(core->mutex);
    core->retention_applied = true;
    return;
  }
  auto [table, ttl] = std::move(tables.back());
  tables.pop_back();
  clickhouse::Query query{.sql = fmt::format("ALTER TABLE {} MODIFY TTL {}", table, ttl),
                          .settings = {{"materialize_ttl_after_modify", "0"}}};
  core->ask(std::move(query), [core, tables = std::move(tables)](const Result<Answer>& answer) mutable {
    if (answer) return apply_next(core, std::move(tables));
    log::debug("clickhouse.retention_waits", {{"error", answer.error().detail}});
    const std::scoped_lock lock(core->mutex);
    core->retention_applied = false;  // the next probe tries again
  });
}

}  // namespace

void expire_executions(const ExecutionCore& core, RetentionCuts cuts, Done<Expired> done) {
  std::make_shared<ExpireCall>(core, cuts, std::move(done))->start();
}

void apply_retention(const ExecutionCore& core) {
  {
    const std::scoped_lock lock(core->mutex);
    if (std::exchange(core->retention_applied, true)) return;
  }
  const auto [history, analytics] = core->days_kept();
  apply_next(core, {{"schedule_execution_results", results_ttl(history, analytics)},
                    {"schedule_executions_by_schedule", by_schedule_ttl(history, analytics)},
                    {"schedule_performance_states", states_ttl(analytics)},
                    {"schedule_performance_rollups", states_ttl(analytics)},
                    {"schedule_analytics_records", records_ttl(analytics)}});
}

}  // namespace schedules
