#include "store/schedule_store.h"

#include <array>

namespace schedules {

std::optional<ScheduleOrder> parse_schedule_order(std::string_view text) {
  using enum ScheduleOrder;
  using Named = std::pair<std::string_view, ScheduleOrder>;
  static constexpr std::array kNames{Named{"created_at", created_at},           Named{"name", name},
                                     Named{"next_execution", next_execution},   Named{"last_execution", last_execution},
                                     Named{"execution_count", execution_count}, Named{"error_count", error_count}};
  for (const auto& [known, order] : kNames)
    if (known == text) return order;
  return std::nullopt;
}

}  // namespace schedules
