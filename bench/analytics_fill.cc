// Fills an execution store as the program would in so many days: failures, skips, retries, kinds of events of which a few are
// most, a share of one schedule's. For bench/analytics.py; prints one JSON line.
//   analytics_fill (--sqlite FILE | --clickhouse URL) [--executions N] [--days N] [--schedule ID --share PERCENT]
#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/check.h"
#include "bench/gate.h"
#include "store/clickhouse/execution_store.h"
#include "store/sqlite/execution_store.h"

namespace schedules {
namespace {

constexpr size_t kBatch = 10'000;
constexpr size_t kOutstanding = 3;
constexpr size_t kKinds = 40;

struct Settings {
  std::string sqlite;
  std::string clickhouse;
  uint64_t executions = 10'000'000;
  uint32_t days = 90;
  std::string schedule;
  uint32_t share = 1;  ///< per cent of them that are the schedule's
};

/// Executions in order of time, evenly over the days up to now.
class History {
 public:
  History(const Settings& settings, TimePoint now)
      : settings_(settings),
        from_(now - std::chrono::days(settings.days)),
        step_(Duration(std::chrono::days(settings.days)) / static_cast<int64_t>(settings.executions)) {}

  [[nodiscard]] bool ended() const { return made_ == settings_.executions; }

  std::vector<Execution> next() {
    std::vector<Execution> batch;
    for (size_t i = 0; i < kBatch && !ended(); ++i) batch.push_back(one());
    return batch;
  }

 private:
  Execution one() {
    Execution it;
    const uint64_t dice = random_->below(1'000);
    const size_t kind = std::min(random_->below(kKinds), random_->below(kKinds));
    it.event_id = random_id(*random_);
    it.id = fmt::format("{}-1", it.event_id.text());
    it.topic = "orders.events";
    it.entity_type = fmt::format("entity{}", kind / 4);
    it.action = fmt::format("action{}", kind % 4);
    it.entity_id = std::to_string(random_->below(100'000));
    it.correlation_id = fmt::format("c-{}", made_);
    it.executed_at = from_ + step_ * static_cast<int64_t>(made_++);
    it.due_at = it.executed_at - Duration(static_cast<int64_t>(random_->below(3'000) + (dice == 0 ? 2'000'000 : 0)));
    it.duration = Duration(static_cast<int64_t>(500 + random_->below(20'000)));
    it.sink = "webhook";
    it.position = "200";
    it.node_id = "node-1";
    if (!settings_.schedule.empty() && random_->below(100) < settings_.share) {
      it.schedule_id = settings_.schedule;
      it.schedule_name = "measured";
    }
    if (dice < 50) {
      it.status = RunStatus::failure;
      it.state = dice < 5 ? State::dead : State::pending;
      it.reason = dice < 5 ? "retries_exhausted" : "retry";
      it.error = fmt::format("HTTP 50{} of service-{}\nbody", dice % 5, kind % 7);
      it.position.clear();
    } else if (dice < 60) {
      it.status = RunStatus::skipped;
      it.state = State::skipped;
      it.reason = "overlap";
      it.duration = {};
    }
    return it;
  }

  const Settings& settings_;
  const TimePoint from_;
  const Duration step_;
  uint64_t made_ = 0;
  std::unique_ptr<Random> random_ = seeded_random(1);
};

std::unique_ptr<ExecutionStore> open(const Settings& settings) {
  if (!settings.clickhouse.empty()) {
    auto url = clickhouse::parse_url(settings.clickhouse);
    CHECK(url.has_value());
    auto store = ClickHouseExecutionStore::open({.url = *url, .client = {}});
    CHECK(store.has_value());
    return std::move(*store);
  }
  auto store = SqliteExecutionStore::open({.path = settings.sqlite});
  CHECK(store.has_value());
  return std::move(*store);
}

void fill(const Settings& settings) {
  const SystemClock clock;
  auto store = open(settings);
  History history(settings, clock.wall());
  Gate gate(kOutstanding);
  const SteadyPoint began = clock.steady();
  while (!history.ended()) {
    auto batch = history.next();
    gate.enter();
    store->append(std::move(batch), [&](Result<void> stored) {
      if (!stored) std::fprintf(stderr, "%s\n", stored.error().detail.c_str());
      CHECK(stored.has_value());
      gate.leave();
    });
  }
  gate.wait_empty();
  const double seconds = static_cast<double>((clock.steady() - began).count()) * 1e-6;
  fmt::print("{{\"executions\":{},\"seconds\":{:.1f},\"executions_per_s\":{:.0f}}}\n", settings.executions, seconds,
             static_cast<double>(settings.executions) / seconds);
}

}  // namespace

int run(int argc, char** argv) {
  Settings settings;
  CLI::App app("fills an execution store");
  auto* where = app.add_option_group("where")->require_option(1);
  where->add_option("--sqlite", settings.sqlite);
  where->add_option("--clickhouse", settings.clickhouse);
  app.add_option("--executions", settings.executions);
  app.add_option("--days", settings.days);
  app.add_option("--schedule", settings.schedule);
  app.add_option("--share", settings.share);
  CLI11_PARSE(app, argc, argv);
  fill(settings);
  return 0;
}

}  // namespace schedules

int main(int argc, char** argv) { return schedules::run(argc, argv); }
