// What the handlers of schedules share. Inside the room only.
#pragma once

#include "api/context.h"

namespace schedules::api {

inline constexpr std::string_view kSchedules = "/api/v1/admin/schedules";

/// The parameter {id}: 24 hex digits, or a UUID, which is then simply not found. Errors: invalid_argument.
Result<std::string> schedule_id_of(const Call& call);
Error no_schedule();
void answer_schedule(Call& call, int status, const Schedule& schedule, http::Fields headers = {});
/// Answers with the edited schedule, or with what went wrong.
Done<Schedule> answer_edited(CallPtr call);
/// A route under kSchedules, for superusers as all of the contract's /admin.
void add_schedule_route(Router& router, Context& context, http::Method method, std::string_view path,
                        void (*handler)(Context&, CallPtr));

}  // namespace schedules::api
