// What holds for the alerts of a schedule: what it says itself, else what the settings say. Pure.
#pragma once

#include "model/alert.h"

namespace schedules {

struct AlertRule {
  std::string url;  ///< empty: nobody is told
  AlertKinds on{.failure = true, .silence = true};
  uint32_t after_failures = 1;
  std::chrono::seconds grace{300};
  std::chrono::seconds reminder{86'400};  ///< 0: never
};

AlertRule alert_rule_of(const AlertPolicy& policy, const AlertRule& settings);

}  // namespace schedules
