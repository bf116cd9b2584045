// Makes entries of the audit trail: who did what, and which fields changed. What is secret does not get in: values of
// headers, of fields that are named like secrets, and of URLs all but their origin.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "api/auth.h"
#include "model/audit.h"
#include "model/event.h"
#include "model/schedule.h"

namespace schedules::api {

inline constexpr std::string_view kDefinitionActor = "definition";  ///< who applies what is declared
inline constexpr std::string_view kSystemRole = "system";

Actor actor_of(const Identity& identity);

/// How a value that is not to be seen is shown.
inline constexpr std::string_view kMasked = "********";
/// The JSON text of a field as the trail shows it: masked, and cut where it is long.
std::string shown_in_audit(std::string_view field, std::string_view json);

/// Of two JSON objects, the fields that differ: {"field": {"before": …, "after": …}}. An empty text is no object: all
/// its values are null.
std::string changes_between(std::string_view before, std::string_view after);
/// {"field": {"before": null, "after": …}} of one JSON object.
std::string as_changes(std::string_view object);

/// null before: it is made; null after: it is deleted. Answers null where nothing differs that somebody has set.
AuditNote schedule_note(const Actor& actor, std::string_view action, const Schedule* before, const Schedule* after,
                        TimePoint now);
/// What an edit of an event changed.
std::string event_changes(const Event& before, const Event& after);

}  // namespace schedules::api
