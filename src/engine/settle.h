// Settle: writes how begun events ended, or that they wait again, and tells everybody who wants to know. Nothing begun
// is forgotten: while the store cannot be reached, settlements wait here and are tried again. Engine thread only.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/mailbox.h"
#include "engine/ports.h"

namespace schedules {

/// The end of one begun event. outcome.state pending: it waits again until event.fire_at.
struct Ending {
  TimePoint begun_fire_at;
  Event event;
  Outcome outcome;
  std::vector<Execution> executions;  ///< what to record of it
};

class Settle {
 public:
  /// Called for every ending once it is stored.
  using Settled = std::function<void(const Ending&)>;
  /// Called for every ending that the store refuses, because the lease of its shard has ended: the event has been put
  /// back, and its next owner fires it.
  using Lost = std::function<void(const Ending&)>;

  Settle(EnginePorts& ports, std::shared_ptr<Mailbox> mailbox, Settled settled, Lost lost);

  void add(Ending ending) { waiting_.push_back(std::move(ending)); }
  /// Sends what was added; answers when to come again (after a failure).
  SteadyPoint flush(SteadyPoint now);
  /// Events handed in whose end is not stored yet.
  [[nodiscard]] size_t pending() const { return waiting_.size() + under_way_; }

 private:
  void bury_then_store(std::vector<Ending> endings);
  /// One call for each shard and epoch, since the store takes or refuses those together.
  void store(std::vector<Ending> endings);
  void store_shard(const ShardLease& lease, std::vector<Ending> endings);
  void stored(const ShardLease& lease, std::vector<Ending> endings, Result<void> result);
  void trace(const std::vector<Ending>& endings);
  void try_again(std::vector<Ending> endings, const Error& error);

  EnginePorts& ports_;
  std::shared_ptr<Mailbox> mailbox_;
  Settled settled_;
  Lost lost_;
  std::vector<Ending> waiting_;
  size_t under_way_ = 0;
  SteadyPoint retry_at_ = SteadyPoint::min();
};

}  // namespace schedules
