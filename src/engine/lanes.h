// The lanes by name, and what nodes tell each other of their breakers: what one has found down, the others need not try, and
// whether it is up again, one tries at a time. Engine thread only.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "engine/lane.h"
#include "engine/ports.h"

namespace schedules {

class Lanes {
 public:
  Lanes(EnginePorts& ports, const EngineOptions& options) : ports_(ports), options_(options) {}

  Lane& of(Sink& sink, const Event& event);
  [[nodiscard]] Lane& at(const std::string& name) { return *lanes_.at(name); }
  void each(const std::function<void(Lane&)>& visit);
  /// Those that are idle go, where there are many.
  void drop_spare();
  /// The limits in the options may have changed.
  void reconfigured();

  /// A publish starts. Where it is a probe the others leave it to us.
  void started(Lane& lane);
  /// A publish has ended; `succeeded`: as the breaker counts it.
  void ended(Lane& lane, SteadyPoint now, bool succeeded);
  /// From another node.
  void heard(const BreakerNews& news);

 private:
  struct Rest {
    SteadyPoint until;
    Duration between_probes;
  };
  void remember(const std::string& lane, const Rest& rest, SteadyPoint now);
  void tell(const Lane& lane, std::optional<Duration> open_for);
  void show(Lane& lane, Breaker::Gate before, const char* found_by);

  EnginePorts& ports_;
  const EngineOptions& options_;
  std::map<std::string, std::unique_ptr<Lane>> lanes_;
  std::map<std::string, Rest> open_elsewhere_;  ///< of lanes that are not here
};

}  // namespace schedules
