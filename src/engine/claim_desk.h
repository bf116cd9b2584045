// ClaimDesk: implements Claims with begin and settle of the near store, as dispatch does. The public calls are
// thread-safe and post to the engine; everything else runs on the engine thread.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/mailbox.h"
#include "engine/claims.h"
#include "engine/ports.h"
#include "engine/settle.h"

namespace schedules {

inline constexpr size_t kMaxClaims = 10'000;
inline constexpr size_t kMaxClaimedBytes = 64UL << 20U;  ///< of their bodies

class ClaimDesk final : public Claims {
 public:
  ClaimDesk(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Settle& settle);

  void claim(EventId id, std::string processor, std::chrono::seconds lease, Done<Claim> done) override;
  void complete(EventId id, WorkDone work, Done<State> done) override;
  void drop(EventId id, Done<bool> done) override;
  [[nodiscard]] std::optional<Claim> find(const EventId& id) const override;
  [[nodiscard]] std::vector<Claim> all() const override;

  /// Gives back what ran out; answers when to come again.
  SteadyPoint advance(SteadyPoint now);
  /// An ending was stored; false: it is not of a claim.
  bool settled(const Ending& ending);
  /// As settled, where the store refused the end because the shard has another owner now.
  bool lost(const Ending& ending);
  /// Takes nothing new; what is held waits again from the end of its lease.
  void give_back();

 private:
  struct Held {
    Claim claim;
    SteadyPoint deadline;
    Event event;  ///< as it was begun
  };
  /// An end on its way into the store; whoever asked for it is answered when it is there.
  struct Storing {
    bool completed = false;  ///< else it was given back or dropped
    bool success = false;
    SteadyPoint answer_by = SteadyPoint::max();
    std::vector<Done<State>> waiting;
  };
  using Begun = std::pair<EventId, TimePoint>;  ///< one begin of an event: with the fire_at that it had
  using Taken = Done<Event>;

  bool ended(const Ending& ending, const Result<State>& answer);
  void take(EventId id, Taken taken);
  void begin(const Event& event, Taken taken);
  void begun(Result<std::vector<Event>> events, Taken taken);
  void check_revision(Event event, Taken taken);
  [[nodiscard]] Storing* storing(const EventId& id);
  void complete_storing(Storing& storing, const WorkDone& work, Done<State> done);
  void complete_found(const StoredEvent& found, WorkDone work, Done<State> done);
  void complete_begun(Event event, const Claim& claim, const WorkDone& work, Done<State> done);
  std::optional<Held> release(const EventId& id);
  void end(const Begun& begun, Event event, Outcome outcome, std::vector<Execution> executions, Storing storing);
  void wait_again(Event event, TimePoint until, std::string reason);
  Outcome outcome_of(Event& event, const Claim& claim, const WorkDone& work, TimePoint now);
  TimePoint retry_time(const Event& event, TimePoint now);

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::shared_ptr<Mailbox> mailbox_;
  Settle& settle_;
  mutable std::mutex mutex_;  ///< of held_, which only the engine thread changes
  std::unordered_map<EventId, Held, EventIdHash> held_;
  std::map<Begun, Storing> storing_;
  size_t bytes_ = 0;   ///< of the bodies held
  size_t taking_ = 0;  ///< on their way into held_
  SteadyPoint next_ = SteadyPoint::max();
  bool stopping_ = false;
};

}  // namespace schedules
