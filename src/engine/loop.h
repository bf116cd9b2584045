// Runs an engine on its own thread: sleeps until the next wake, a message, or a step of the wall clock.
#pragma once

#include <memory>

#include "engine/engine.h"

namespace schedules {

class EngineLoop {
 public:
  /// Starts at once. The engine and its clock must outlive the loop.
  EngineLoop(Engine& engine, const Clock& engine_clock);
  /// Stops as stop(0).
  ~EngineLoop();
  EngineLoop(const EngineLoop&) = delete;
  EngineLoop& operator=(const EngineLoop&) = delete;

  /// Drains: waits at most `timeout` until what was begun is settled, then ends the thread. Whether it was all.
  bool stop(std::chrono::milliseconds timeout);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace schedules
