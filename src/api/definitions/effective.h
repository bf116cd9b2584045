// From a definition to its schedule. Inside the room only.
#pragma once

#include <string_view>

#include "definitions/definition_file.h"
#include "store/definition_store.h"

namespace schedules::api {

/// Why a schedule is disabled, as its note says; tells it from one that an operator disabled.
inline constexpr std::string_view kRemoved = "definition removed";
inline constexpr std::string_view kDisabled = "disabled by its definition";

/// The record of what is declared; id, overrides and times are the store's.
StoredDefinition record_of(const Definition& declared);
[[nodiscard]] bool is_active(const StoredDefinition& definition);
/// Changes `schedule` (a new one, or the stored one) to what the definition and its overrides say; an operator's pause
/// stays. Errors: those of reading a schedule.
Status shape(const StoredDefinition& definition, bool is_new, Schedule& schedule);

}  // namespace schedules::api
