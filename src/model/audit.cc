#include "model/audit.h"

#include <fmt/format.h>

#include "base/ids.h"

namespace schedules {

AuditEntry sealed(AuditEntry entry) {
  std::string all;
  for (const std::string* part : {&entry.actor.name, &entry.actor.role, &entry.kind, &entry.object_id,
                                  &entry.object_name, &entry.action, &entry.changes}) {
    all += fmt::format("{}:{}", part->size(), *part);
  }
  const int64_t micros = to_micros(entry.at);
  const auto seconds = static_cast<uint32_t>(micros / 1'000'000);
  entry.id = fmt::format("{:08x}{:016x}", seconds, stable_hash(all, static_cast<uint64_t>(micros)));
  return entry;
}

}  // namespace schedules
