#include "store/definition_merge.h"

#include "base/ids.h"

namespace schedules {
namespace {

// 24 hex digits that the class name decides, so that two nodes make one.
std::string id_of(std::string_view class_name) {
  std::string text = derived_id(fmt::format("definition:{}", class_name)).text();
  std::erase(text, '-');
  return text.substr(0, 24);
}

// Whether the two differ in more than the time of the last sync.
bool differ(const StoredDefinition& a, const StoredDefinition& b) {
  const auto parts = [](const StoredDefinition& one) {
    return std::tie(one.class_name, one.event_name, one.module_name, one.entity_type, one.action, one.cron_expression,
                    one.timezone, one.description, one.payload, one.actor_type, one.actor_id, one.max_retries,
                    one.retry_delay, one.status, one.declared, one.schedule_id, one.last_error);
  };
  return parts(a) != parts(b);
}

Status names_are_free(const std::vector<StoredDefinition>& definitions, const DefinitionsByClass& stored) {
  std::map<std::string, std::string> class_of;  // by event name, as it would be afterwards
  for (const auto& [class_name, one] : stored) class_of[one.event_name] = class_name;
  for (const auto& one : definitions) {
    if (const auto old = stored.find(one.class_name); old != stored.end()) class_of.erase(old->second.event_name);
  }
  for (const auto& one : definitions) {
    const auto [other, fresh] = class_of.emplace(one.event_name, one.class_name);
    if (!fresh && other->second != one.class_name) {
      return fail_field(Code::already_exists, "event_name", "the event name {} is {}'s", one.event_name, other->second);
    }
  }
  return {};
}

}  // namespace

Result<std::vector<StoredDefinition>> merge_definitions(const std::vector<StoredDefinition>& definitions,
                                                        const DefinitionsByClass& stored) {
  if (auto free = names_are_free(definitions, stored); !free) return fail(std::move(free.error()));
  std::vector<StoredDefinition> out;
  for (const auto& one : definitions) {
    auto& next = out.emplace_back(one);
    next.id = id_of(one.class_name);
    next.created_at = one.updated_at;
    const auto old = stored.find(one.class_name);
    if (old == stored.end()) continue;
    next.id = old->second.id;
    next.created_at = old->second.created_at;
    next.updated_at = differ(next, old->second) ? one.updated_at : old->second.updated_at;
    next.manual_payload = old->second.manual_payload;
    next.manual_cron = old->second.manual_cron;
    next.manual_status = old->second.manual_status;
  }
  return out;
}

}  // namespace schedules
