// The routes of single events, and the id in their paths.
#include "api/context.h"

namespace schedules::api {

void add_event_routes(Router& router, Context& context) {
  add_event_create_route(router, context);
  add_event_read_routes(router, context);
  add_event_change_routes(router, context);
}

Result<EventId> event_id_of(const Call& call) {
  constexpr std::string_view kByKey = "key:";
  const auto text = call.param("id");
  if (text.starts_with(kByKey) && text.size() > kByKey.size()) return id_of_key(text.substr(kByKey.size()));
  const auto id = parse_id(text);
  if (id) return *id;
  return fail_field(Code::invalid_argument, "path:id", "an event's id is a UUID, or \"key:\" and its idempotency key");
}

}  // namespace schedules::api
