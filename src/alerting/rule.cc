#include "alerting/rule.h"

namespace schedules {

AlertRule alert_rule_of(const AlertPolicy& policy, const AlertRule& settings) {
  return {.url = policy.url.value_or(settings.url),
          .on = policy.on.value_or(settings.on),
          .after_failures = policy.after_failures.value_or(settings.after_failures),
          .grace = policy.grace.value_or(settings.grace),
          .reminder = policy.reminder.value_or(settings.reminder)};
}

}  // namespace schedules
