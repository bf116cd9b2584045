#include "store/alert_store.h"

#include <charconv>

namespace schedules {

std::string cursor_of(const Alert& alert) {
  return fmt::format("{}.{}.{}", to_micros(alert.opened_at), alert.schedule_id, to_string(alert.kind));
}

Result<AlertPosition> parse_alert_cursor(std::string_view cursor) {
  int64_t micros = 0;
  const auto [end, error] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), micros);
  const auto rest = cursor.substr(static_cast<size_t>(end - cursor.data()));
  const size_t dot = rest.rfind('.');
  const auto kind = dot == rest.npos ? std::nullopt : parse_alert_kind(rest.substr(dot + 1));
  if (error != std::errc{} || !rest.starts_with('.') || dot == 0 || !kind) {
    return fail_field(Code::invalid_argument, "cursor", "is not one of ours");
  }
  return AlertPosition{from_micros(micros), std::string(rest.substr(1, dot - 1)), *kind};
}

}  // namespace schedules
