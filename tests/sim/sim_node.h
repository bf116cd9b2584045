// One node of the simulated cluster: the real engine and the real rounds on a machine that may be paused, cut off, die
// or have a wrong clock. One that is alone has an embedded store: one shard, no leases.
#pragma once

#include "cluster/bounded_clock.h"
#include "cluster/rounds.h"
#include "engine/engine.h"
#include "tests/sim/node_stores.h"

namespace schedules::sim {

constexpr Duration kClockSkew = std::chrono::milliseconds(500);
constexpr Duration kLease = std::chrono::seconds(3);

/// What all nodes share.
struct Shared {
  World& world;
  Ledger& ledger;
  testing::MemoryEvents& rows;
  testing::MemoryEvents& far_rows;  ///< the same where one store has both tiers
  testing::MemorySchedules& schedules;
  testing::MemoryLeases& leases;
  MachineClock& store_clock;
  bool alone = false;
  bool bounded = true;            ///< false, a control: nodes believe their own clocks
  bool claims_given_back = true;  ///< false, a control
  bool leases_are_true = true;    ///< false from when the store's clock was stepped, or it lost what it had written
  std::optional<SteadyPoint> leases_broke_at;  ///< when that was last
  Duration store_was_off{0};                   ///< before its clock was stepped
  SteadyPoint store_stepped_at{};
  uint64_t lives = 0;  ///< processes so far
  uint64_t published = 0;
  uint64_t hash = 0;  ///< of everything that was published, when: equal for equal seeds
};

class SimNode;

/// Where a node publishes: the ledger sees each publish begin.
class SimSink final : public Sink, public SinkDirectory {
 public:
  SimSink(Shared& shared, SimNode& node) : shared_(shared), node_(node) {}
  [[nodiscard]] std::string_view name() const override { return "sim"; }
  [[nodiscard]] size_t batch_limit() const override { return 8; }
  [[nodiscard]] std::string lane_of(const Event& event) const override { return event.target.url; }
  Sink* sink_for(const Event&) override { return this; }
  void publish(std::vector<Delivery> deliveries, Published done) override;

 private:
  [[nodiscard]] PublishSeen look(const Event& event) const;

  Shared& shared_;
  SimNode& node_;
};

class SimCoordinator final : public Coordinator {
 public:
  SimCoordinator(std::shared_ptr<Rounds> rounds, std::function<void()> wake)
      : rounds_(std::move(rounds)), wake_(std::move(wake)) {}
  ~SimCoordinator() override { rounds_->stop(); }
  void start(Changed changed) override { rounds_->start(std::move(changed), wake_); }
  [[nodiscard]] std::optional<uint64_t> epoch_of(uint32_t shard) const override { return rounds_->epoch_of(shard); }
  [[nodiscard]] bool leads() const override { return rounds_->leads(); }
  void lost(uint32_t shard, uint64_t epoch) override { rounds_->lost(shard, epoch); }
  void resign(Done<void> done) override { rounds_->resign(std::move(done)); }
  void view(Done<ClusterView> done) override { done(rounds_->view()); }

 private:
  std::shared_ptr<Rounds> rounds_;
  std::function<void()> wake_;
};

class SimNode {
 public:
  SimNode(Shared& shared, std::string name);
  SimNode(const SimNode&) = delete;

  void start();
  /// The process dies; nothing of it is left but what the stores have.
  void crash();
  /// A clean stop, as on SIGTERM; it starts again after `down`.
  void restart(Duration down);
  void pause(Duration time);
  void set_clock(Duration off);
  /// News that may come: another node has put something, or left.
  void told_of(uint32_t shard, TimePoint fire_at);
  void told_of_leases();

  /// Does what is due now.
  void advance();
  [[nodiscard]] SteadyPoint next() const;

  [[nodiscard]] bool up() const { return link.life != 0; }
  [[nodiscard]] bool answers() const { return up() && !stopping_ && link.paused_until <= shared_.world.truth.steady(); }
  [[nodiscard]] Engine& engine() { return *engine_; }

  Link link;
  MachineClock clock;
  NodeEvents events;
  NodeEvents far;
  NodeSchedules schedules;

 private:
  class NoLog final : public ExecutionLog {
   public:
    void record(std::vector<Execution>) override {}
    bool has_room() override { return true; }
  };
  [[nodiscard]] EngineOptions options();
  void build_coordinator();
  void probe(uint64_t life);
  void stop_some_more();
  void end_process();

  Shared& shared_;
  SimSink sink_{shared_, *this};
  NoLog log_;
  EngineProbe probe_;
  std::unique_ptr<BoundedClock> bounded_;
  std::shared_ptr<Rounds> rounds_;
  std::unique_ptr<Coordinator> coordinator_;
  std::unique_ptr<Engine> engine_;
  SteadyPoint engine_at_ = SteadyPoint::max();  ///< true times of their next wakes
  SteadyPoint rounds_at_ = SteadyPoint::max();
  bool stopping_ = false;
  bool resigning_ = false;
  SteadyPoint stop_by_{};
  Duration down_{};
};

}  // namespace schedules::sim
