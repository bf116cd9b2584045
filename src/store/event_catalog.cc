#include "store/event_catalog.h"

#include <algorithm>

namespace schedules {
namespace {

bool equal_if_set(const std::optional<std::string>& wanted, const std::string& value) {
  return !wanted || *wanted == value;
}

}  // namespace

bool EventFilter::matches(const Event& event) const {
  return equal_if_set(topic, event.topic) && equal_if_set(action, event.action) &&
         equal_if_set(entity_type, event.entity_type) && equal_if_set(entity_id, event.entity_id) &&
         equal_if_set(correlation_id, event.correlation_id) && equal_if_set(schedule_id, event.schedule_id) &&
         equal_if_set(source, event.source) && (!due_from || event.due_at >= *due_from) &&
         (!due_to || event.due_at < *due_to) && (!tag || std::ranges::find(event.tags, *tag) != event.tags.end());
}

}  // namespace schedules
