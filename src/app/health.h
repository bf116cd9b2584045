// The health of each part: probed in the background, so that asking costs nothing and never blocks.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "api/deps.h"
#include "time/clock.h"

namespace schedules {

class Health {
 public:
  explicit Health(const Clock& clock) : clock_(clock) {}

  /// A part reports: what it says holds until it says otherwise, or says nothing for 4 s after `asked`.
  void asked(const std::string& part);
  void answered(const std::string& part, const Status& status);
  [[nodiscard]] std::vector<api::HealthPart> parts() const;

 private:
  struct Part {
    bool healthy = true;
    std::string detail;
    TimePoint since;
    std::optional<SteadyPoint> waiting_since;
  };
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Part> parts_;
};

}  // namespace schedules
