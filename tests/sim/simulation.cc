#include "tests/sim/simulation.h"

#include "tests/sim/users.h"
#include "tests/sim/weather.h"

namespace schedules::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Once the faults have stopped, all that is due has ended after this: a breaker's longest rest and the longest retry.
constexpr Duration kRecovered = seconds(200);
// A change of a far event that was broken off holds it back for so long.
constexpr Duration kHeldBack = std::chrono::minutes(1);
constexpr Duration kWatched = seconds(20);
constexpr Duration kRunOff = seconds(80);  // longer than the farthest due time
constexpr uint64_t kSpinning = 100'000;

class Simulation {
 public:
  explicit Simulation(const SimOptions& options)
      : options_(options),
        world_(options.seed, options.trace),
        alone_(options.seed % 3 == 0),
        two_stores_(!alone_ && world_.random->below(2) == 0),
        rows_(world_.truth, options.broken, alone_ ? 1 : static_cast<uint32_t>(2 + world_.random->below(4))),
        far_rows_(two_stores_ ? std::optional<testing::MemoryEvents>(std::in_place, world_.truth) : std::nullopt) {
    leases_.late_requests_count = options.late_requests_count;
    leases_.stores_look_alike = options.stores_look_alike;
    if (!alone_) share();
    const uint64_t count = alone_ ? 1 : 1 + world_.random->below(4);
    for (uint64_t i = 0; i < count; ++i)
      nodes_.push_back(std::make_unique<SimNode>(shared_, fmt::format("n{}", i + 1)));
  }

  SimReport run() {
    for (const auto& node : nodes_) node->start();
    Users users(world_, ledger_, nodes_);
    Weather weather(shared_, nodes_);
    users.start();
    weather.start();
    live_for(options_.length);
    users.stop();
    weather.clear();
    schedule_rows_.schedules.clear();
    live_for(two_stores_ ? kRecovered + kHeldBack : kRecovered);
    users.start_watching();
    live_for(kWatched);
    users.stop();
    live_for(kRunOff);
    if (ledger_.breaches.empty()) {
      ledger_.check_punctual();
      ledger_.check_ends(rows_, shared_.far_rows, schedule_rows_);
    }
    return SimReport{.breaches = ledger_.breaches,
                     .nodes = nodes_.size(),
                     .accepted = users.accepted,
                     .published = shared_.published,
                     .claimed = users.claims,
                     .excused = ledger_.excused,
                     .faults = world_.counts,
                     .hash = shared_.hash};
  }

 private:
  /// Leases fence the rows, and news of both reach the nodes, if they are not lost.
  void share() {
    rows_.is_lease = [this](uint32_t shard, const std::string& node, uint64_t epoch) {
      return leases_.is(shard, node, epoch);
    };
    leases_.in_flight = [this](uint32_t shard, uint64_t epoch) { return rows_.has_in_flight(shard, epoch); };
    rows_.woken = [this](uint32_t shard, TimePoint fire_at) {
      tell_all([shard, fire_at](SimNode& node) { node.told_of(shard, fire_at); });
    };
    leases_.published = [this](const std::string&) { tell_all([](SimNode& node) { node.told_of_leases(); }); };
  }

  void tell_all(const std::function<void(SimNode&)>& tell) {
    for (const auto& node : nodes_) {
      if (node->link.cut || world_.chance(0.1)) {
        world_.count("messages_lost");
        continue;
      }
      world_.soon(milliseconds(100), [&node, tell] { tell(*node); });
    }
  }

  void live_for(Duration time) {
    auto& truth = world_.truth;
    const SteadyPoint end = truth.steady() + time;
    while (truth.steady() < end && ledger_.breaches.empty()) {
      SteadyPoint next = std::min(end, world_.next());
      for (const auto& node : nodes_) next = std::min(next, node->next());
      turns_ = next > truth.steady() ? 0 : turns_ + 1;
      if (turns_ > kSpinning) ledger_.breach("liveness: time stands still");
      truth.advance(std::max<Duration>(next - truth.steady(), Duration{0}));
      world_.run_due();
      for (const auto& node : nodes_) node->advance();
    }
  }

  const SimOptions options_;
  World world_;
  const bool alone_;
  const bool two_stores_;
  Ledger ledger_;
  MachineClock store_clock_{world_.truth, seconds(1)};
  testing::MemoryEvents rows_;
  std::optional<testing::MemoryEvents> far_rows_;
  testing::MemorySchedules schedule_rows_;
  testing::MemoryLeases leases_{store_clock_, kLease};
  Shared shared_{.world = world_,
                 .ledger = ledger_,
                 .rows = rows_,
                 .far_rows = far_rows_ ? *far_rows_ : rows_,
                 .schedules = schedule_rows_,
                 .leases = leases_,
                 .store_clock = store_clock_,
                 .alone = alone_,
                 .bounded = options_.bounded_clocks,
                 .claims_given_back = options_.claims_given_back};
  std::vector<std::unique_ptr<SimNode>> nodes_;
  uint64_t turns_ = 0;  ///< in which no time passed
};

}  // namespace

SimReport simulate(const SimOptions& options) { return Simulation(options).run(); }

}  // namespace schedules::sim
