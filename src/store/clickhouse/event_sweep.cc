#include "store/clickhouse/event_sweep.h"

#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "clickhouse/row_binary.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::Query;

constexpr Duration kEvery = std::chrono::hours(1);

struct Partition {
  std::string table;
  std::string id;  ///< its value too: 20270131, 202702
};

std::optional<TimePoint> end_of(const std::string& id) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
  if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
  using std::chrono::sys_days;
  using std::chrono::year_month_day;
  const bool is_day = id.size() == 8;
  if (!is_day && id.size() != 6) return std::nullopt;
  const unsigned month_number = is_day ? number / 100 : number;
  const auto month = std::chrono::year(static_cast<int>(month_number / 100)) / std::chrono::month(month_number % 100);
  if (!month.ok()) return std::nullopt;
  if (!is_day) return TimePoint(sys_days((month + std::chrono::months(1)) / 1));
  const year_month_day day = month / std::chrono::day(number % 100);
  if (!day.ok()) return std::nullopt;
  return TimePoint(sys_days(day) + std::chrono::days(1));
}

/// One sweep: lists partitions, then drops the past ones of events, then those of pointers that point to nothing.
class Sweep : public std::enable_shared_from_this<Sweep> {
 public:
  Sweep(ClickHouseGate& gate, TimePoint before, Done<size_t> done)
      : gate_(gate), before_(before), done_(std::move(done)) {}

  void start() {
    Query query{.sql =
                    "SELECT DISTINCT table, partition_id FROM system.parts WHERE active AND database ="
                    " currentDatabase() AND table IN ('event_schedules', 'event_schedule_ids')"};
    gate_.query(std::move(query), [self = shared_from_this()](Result<Answer> answer) {
      if (!answer) return self->done_(fail(std::move(answer.error())));
      self->listed(*answer);
    });
  }

 private:
  void listed(const Answer& answer) {
    clickhouse::RowReader reader(answer.body);
    std::vector<std::string> kept;
    std::vector<Partition> pointers;
    while (!reader.at_end() && reader.ok()) {
      std::string table(reader.text());
      Partition one{std::move(table), std::string(reader.text())};
      const auto end = end_of(one.id);
      const bool past = end && *end <= before_;
      if (one.table == "event_schedule_ids") {
        if (past) pointers.push_back(std::move(one));
      } else if (past) {
        past_.push_back(std::move(one));
      } else {
        kept.push_back(one.id.substr(0, 6));
      }
    }
    // A month of pointers goes once no event of that month is left, at the earliest with the next sweep.
    for (const auto& one : past_) kept.push_back(one.id.substr(0, 6));
    for (auto& one : pointers) {
      if (std::ranges::find(kept, one.id) == kept.end()) past_.push_back(std::move(one));
    }
    next();
  }

  void next() {
    if (at_ == past_.size()) return done_(dropped_);
    const auto& one = past_[at_];
    if (one.table != "event_schedules") return drop();
    Query query{.sql =
                    "SELECT count() FROM event_schedules FINAL WHERE _partition_id = {partition:String} AND status ="
                    " 'pending'"};
    query.parameters.text("partition", one.id);
    gate_.query(std::move(query), [self = shared_from_this()](Result<Answer> answer) {
      if (!answer) return self->done_(fail(std::move(answer.error())));
      clickhouse::RowReader reader(answer->body);
      const auto pending = reader.number<uint64_t>();
      if (!reader.ok() || pending > 0) {
        ++self->at_;
        return self->next();
      }
      self->drop();
    });
  }

  // The names are the two tables' and digits (end_of): nothing of it comes from outside.
  void drop() {
    const auto& one = past_[at_++];
    Query query{.sql = fmt::format("ALTER TABLE {} DROP PARTITION ID '{}'", one.table, one.id)};
    gate_.query(std::move(query), [self = shared_from_this(), one](const Result<Answer>& answer) {
      if (!answer) return self->done_(fail(answer.error()));
      log::info("clickhouse.partition_dropped", {{"table", one.table}, {"partition", one.id}});
      ++self->dropped_;
      self->next();
    });
  }

  ClickHouseGate& gate_;
  const TimePoint before_;
  Done<size_t> done_;
  std::vector<Partition> past_;
  size_t at_ = 0;
  size_t dropped_ = 0;
};

}  // namespace

ClickHouseEventSweep::ClickHouseEventSweep(ClickHouseGate& gate, Duration keep, const Clock& clock)
    : gate_(gate), keep_(keep), clock_(clock) {}

void ClickHouseEventSweep::run(Done<size_t> dropped) {
  std::make_shared<Sweep>(gate_, clock_.wall() - keep_, std::move(dropped))->start();
}

void ClickHouseEventSweep::run_if_due() {
  const auto now = clock_.steady();
  auto next = next_.load();
  if (now < next || !next_.compare_exchange_strong(next, now + kEvery)) return;
  run([](const Result<size_t>& dropped) {
    if (dropped || dropped.error().code == Code::shutting_down) return;
    log::warn("clickhouse.sweep_failed", {{"error", dropped.error().detail}});
  });
}

}  // namespace schedules
