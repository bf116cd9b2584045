// Appending executions, each once.
//
// Asked first is which of them the server has. Mostly none. Some, where they came together with others before: those are
// left out, since an insert of them would be merged away among the rows, but the hourly states would count them twice. Or
// this is the repeat of an insert whose answer was lost, and the server may have died half-way, with the rows of some days
// written and no states at all. So rows and states are compared, and where states are missing the whole insert goes once
// more under its token: what was done of it counts once.
//
// Then it is read back: a server may acknowledge what it drops, because it takes the token for known (ClickHouse#121174).
// What is missing goes once more without one.
//
// What is past its retention counts as done: the tables' TTL drops it at its insert, and it would be missed for ever.
#include <algorithm>
#include <set>

#include "base/log.h"
#include "store/clickhouse/execution_core.h"
#include "store/clickhouse/execution_row.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::RowReader;
using clickhouse::RowWriter;

using Key = std::pair<int64_t, std::string>;

Key key_of(const Execution& execution) { return {to_micros(execution.executed_at), execution.id}; }

constexpr std::string_view kDone =
    "SELECT executed_at, execution_id FROM schedule_execution_results WHERE executed_at >= {from:DateTime64(6, 'UTC')} "
    "AND executed_at <= {to:DateTime64(6, 'UTC')} AND (executed_at, execution_id) IN (SELECT executed_at, execution_id "
    "FROM given) UNION ALL SELECT executed_at, execution_id FROM given WHERE addDays(executed_at, if(of_schedule, "
    "{history:UInt32}, {analytics:UInt32})) <= now64(6)";

constexpr uint32_t kForEver = 36'500;  // days

// Of the hours from first to last: rows and what the states count, rows of schedules and those that lie by schedule.
constexpr std::string_view kCompared =
    "SELECT (SELECT count() FROM schedule_execution_results FINAL WHERE executed_at >= {from:DateTime64(6, 'UTC')} AND "
    "executed_at < {to:DateTime64(6, 'UTC')}), (SELECT sum(total) FROM schedule_performance_states WHERE "
    "addHours(toDateTime64(date, 6, 'UTC'), hour) >= {from:DateTime64(6, 'UTC')} AND "
    "addHours(toDateTime64(date, 6, 'UTC'), hour) < {to:DateTime64(6, 'UTC')}), "
    "(SELECT countIf(of_schedule) FROM schedule_execution_results FINAL WHERE executed_at >= {from:DateTime64(6, "
    "'UTC')} AND executed_at < {to:DateTime64(6, 'UTC')}), (SELECT count() FROM schedule_executions_by_schedule FINAL "
    "WHERE executed_at >= {from:DateTime64(6, 'UTC')} AND executed_at < {to:DateTime64(6, 'UTC')})";

class AppendCall : public std::enable_shared_from_this<AppendCall> {
 public:
  AppendCall(ExecutionCore core, std::vector<Execution> executions, Done<void> done)
      : core_(std::move(core)), executions_(std::move(executions)), done_(std::move(done)) {
    std::ranges::sort(executions_, {}, key_of);
    const auto repeats = std::ranges::unique(executions_, {}, key_of);
    executions_.erase(repeats.begin(), repeats.end());
  }

  void start() {
    look_up([](AppendCall& call, RowReader& rows) { call.looked_up(rows); });
  }

 private:
  void ask(clickhouse::Query query, void (*next)(AppendCall&, RowReader&)) {
    core_->ask(std::move(query), [self = shared_from_this(), next](const Result<Answer>& answer) {
      if (!answer) return self->done_(fail(answer.error()));
      RowReader rows(answer->body);
      next(*self, rows);
    });
  }

  void look_up(void (*next)(AppendCall&, RowReader&)) {
    clickhouse::Query query{.sql = std::string(kDone)};
    const auto [history, analytics] = core_->days_kept();
    const auto or_for_ever = [](uint32_t count) { return count == 0 ? kForEver : count; };
    query.parameters.time("from", executions_.front().executed_at).time("to", executions_.back().executed_at);
    query.parameters.number("history", or_for_ever(std::max(history, analytics)));
    query.parameters.number("analytics", or_for_ever(analytics));
    clickhouse::Table given{.name = "given",
                            .structure = "executed_at DateTime64(6, 'UTC'), execution_id String, of_schedule Bool",
                            .rows = {}};
    RowWriter rows(given.rows);
    for (const auto& execution : executions_) {
      rows.time(execution.executed_at);
      rows.text(execution.id);
      rows.number<uint8_t>(execution.schedule_id.empty() ? 0 : 1);
    }
    query.tables.push_back(std::move(given));
    ask(std::move(query), next);
  }

  bool read_done(RowReader& rows) {
    done_already_.clear();
    while (!rows.at_end() && rows.ok()) {
      const auto at = rows.time();
      done_already_.emplace(to_micros(at), rows.text());
    }
    if (!rows.ok()) done_(fail(Code::corrupt, "ClickHouse's answer holds no keys"));
    return rows.ok();
  }

  void looked_up(RowReader& rows) {
    if (!read_done(rows)) return;
    if (done_already_.empty()) return insert();
    compare();
  }

  void read_back(RowReader& rows) {
    if (!read_done(rows)) return;
    if (done_already_.size() == executions_.size()) return done_({});
    leave_out_done();
    log::error("clickhouse.dropped_an_insert", {{"missing", std::to_string(executions_.size())}});
    if (std::exchange(again_, true)) {
      return done_(
          fail(Code::unavailable, "ClickHouse acknowledged {} executions that it does not have", executions_.size()));
    }
    insert();
  }

  void compare() {
    clickhouse::Query query{.sql = std::string(kCompared)};
    using std::chrono::hours;
    query.parameters.time("from", std::chrono::floor<hours>(executions_.front().executed_at));
    query.parameters.time("to", std::chrono::floor<hours>(executions_.back().executed_at) + hours(1));
    ask(std::move(query), [](AppendCall& call, RowReader& rows) {
      const auto count = [&] { return rows.nullable([&] { return rows.number<uint64_t>(); }).value_or(0); };
      const auto stored = count();
      const auto counted = count();
      const auto of_schedules = count();
      const auto by_schedule = count();
      if (!rows.ok()) return call.done_(fail(Code::corrupt, "ClickHouse's answer holds no counts"));
      if (counted >= stored && by_schedule >= of_schedules) call.leave_out_done();
      if (call.executions_.empty()) return call.done_({});
      call.insert();
    });
  }

  void leave_out_done() {
    std::erase_if(executions_, [this](const auto& execution) { return done_already_.contains(key_of(execution)); });
  }

  void insert() {
    std::string body;
    for (const auto& execution : executions_) append_execution(body, execution);
    auto query =
        inserting(fmt::format("INSERT INTO schedule_execution_results ({}) FORMAT RowBinary", kExecutionColumns),
                  std::move(body));
    if (again_) query.settings.emplace_back("insert_deduplicate", "0");
    ask(std::move(query), [](AppendCall& call, RowReader&) {
      call.look_up([](AppendCall& looking, RowReader& rows) { looking.read_back(rows); });
    });
  }

  ExecutionCore core_;
  std::vector<Execution> executions_;  ///< in order of key, each once
  bool again_ = false;                 ///< without a token, since it was taken for known
  std::set<Key> done_already_;         ///< those of them that the server has, or would drop for their age
  Done<void> done_;
};

}  // namespace

void append_executions(const ExecutionCore& core, std::vector<Execution> executions, Done<void> done) {
  if (executions.empty()) return done({});
  std::make_shared<AppendCall>(core, std::move(executions), std::move(done))->start();
}

}  // namespace schedules
