// Overlap: whether an occurrence may run while others of its schedule do (semantics S4). A run goes on from its begin until its
// event has ended, retries included, or, where the schedule wants acknowledgements, until that; never longer than
// max_runtime. Engine thread only.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "base/mailbox.h"
#include "engine/ports.h"
#include "engine/settle.h"
#include "store/run_book.h"

namespace schedules {

struct RunPolicy {
  uint64_t revision = 0;  ///< of the schedule that says so
  Overlap overlap = Overlap::allow;
  uint32_t limit = 1;
  Duration max_runtime = std::chrono::hours(1);
  bool acknowledged = false;  ///< goes on until it is
};

enum class Turn : uint8_t { run, wait, skip };

struct TurnTaken {
  Turn turn = Turn::run;
  std::vector<EventId> displaced;  ///< runs that are to end for this one
};

/// Enters the event into the runs of its schedule, where it may. Asked again for the same event it says the same, or that
/// its turn has come. Pure.
TurnTaken take_turn(std::vector<RunEntry>& runs, const Event& event, const RunPolicy& policy, TimePoint now);

class Overlaps {
 public:
  /// `decided`: for wait, until when; and why.
  struct Decision {
    Turn turn = Turn::run;
    TimePoint until;
    const char* reason = "overlap";
  };
  using Decided = std::function<void(Event, Decision)>;

  Overlaps(EnginePorts& ports, std::shared_ptr<Mailbox> mailbox, Decided decided);

  /// Of an event that has been begun and whose schedule stands. `decided` is called once, perhaps from within.
  void ask(Event event);
  /// Its end has been stored, or its lease has gone (then `ended` is false).
  void gone(const Event& event, const Outcome& outcome, bool ended);
  /// Another run was let take its place: it is not to be tried again.
  [[nodiscard]] bool displaced(const EventId& id) const { return displaced_.contains(id); }

 private:
  struct Asked {
    Event event;
    RunPolicy policy;
    TurnTaken taken;
    bool looked = false;  ///< at whether those that are in the way still run
  };
  using AskedPtr = std::shared_ptr<Asked>;

  void decide(Event event, const RunPolicy& policy);
  void book(const AskedPtr& asked);
  void booked(const AskedPtr& asked, const Result<std::vector<RunEntry>>& runs);
  /// What runs by the book alone, since a node died before it could say that it ended, is in nobody's way.
  void look(const AskedPtr& asked, const std::vector<RunEntry>& runs);
  void looked(const AskedPtr& asked, const std::vector<EventId>& ids,
              const Result<std::vector<std::optional<StoredEvent>>>& found);
  void finish(const AskedPtr& asked);
  void strike(const std::string& schedule_id, std::vector<EventId> events);
  void answer_later(Event event, Duration wait, const char* reason);

  EnginePorts& ports_;
  std::shared_ptr<Mailbox> mailbox_;
  Decided decided_;
  std::unordered_map<std::string, RunPolicy> policies_;
  std::unordered_map<EventId, bool, EventIdHash>
      booked_;  ///< in flight or waiting here; whether an acknowledgement ends it
  std::unordered_set<EventId, EventIdHash> displaced_;
};

}  // namespace schedules
