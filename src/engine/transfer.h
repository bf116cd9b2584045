// Transfer: moves far events into the near store as they come within the transfer horizon. Read pending → put if
// absent near → mark transferred, in pages: stopping anywhere and starting again moves nothing twice. Engine thread
// only.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/mailbox.h"
#include "engine/ports.h"
#include "engine/window.h"

namespace schedules {

class Transfer {
 public:
  /// How many events a run has moved, or why it stopped.
  using Finished = Done<uint64_t>;

  Transfer(EnginePorts& ports, const EngineOptions& options, std::shared_ptr<Mailbox> mailbox, Window& window);

  /// Starts a run when its time has come; answers when to come again.
  TimePoint advance(TimePoint now);
  /// Runs now, whatever the interval says. One run at a time: a second call joins the one under way.
  void run(Finished finished);

 private:
  void next_page();
  void put_near(std::vector<Event> events, bool more);
  static void leave_held_back(const std::vector<PutOutcome>& outcomes, std::vector<FarRevision>& moved,
                              std::vector<WindowEntry>& entries);
  /// The steps of those that are traced, each with its place; their end is not known yet.
  using Traced = std::vector<std::pair<size_t, TraceStep>>;
  [[nodiscard]] Traced trace(const std::vector<Event>& events) const;
  void record(Traced traced, const std::vector<PutOutcome>& outcomes);
  void mark(std::vector<FarRevision> moved, bool more);
  void finish(Result<uint64_t> result);
  [[nodiscard]] Duration interval() const;

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::shared_ptr<Mailbox> mailbox_;
  Window& window_;
  TimePoint next_run_ = TimePoint::min();
  bool running_ = false;
  uint64_t moved_ = 0;
  SteadyPoint page_since_{};
  size_t page_;  ///< events in the next one: as many as make up a page's bytes
  std::vector<Finished> finished_;
};

}  // namespace schedules
