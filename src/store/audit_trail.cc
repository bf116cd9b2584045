#include "store/audit_trail.h"

#include <charconv>

namespace schedules {

std::string cursor_of(const AuditEntry& entry) { return fmt::format("{}.{}", to_micros(entry.at), entry.id); }

Result<AuditPosition> parse_audit_cursor(std::string_view cursor) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  if (error != std::errc{} || !rest.starts_with('.') || !is_object_id(rest.substr(1))) {
    return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  }
  return AuditPosition{from_micros(micros), std::string(rest.substr(1))};
}

}  // namespace schedules
