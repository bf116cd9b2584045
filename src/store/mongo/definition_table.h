// Definitions in `scheduled_event_definitions`: the original's fields, ours beside them (declared, schedule_id), and
// `bookkeeping` with exact times and the texts that BSON would not give back. Blocks. Only for this room's sources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "mongo/connection.h"
#include "store/definition_store.h"

namespace schedules {

/// Errors: already_exists (event_name; nothing is written).
Result<std::vector<StoredDefinition>> upsert_definitions(mongo::Connection& mongo,
                                                         const std::vector<StoredDefinition>& definitions);
Result<std::vector<StoredDefinition>> list_definitions(mongo::Connection& mongo, const std::string& module_name);
Result<std::optional<StoredDefinition>> get_definition(mongo::Connection& mongo, const std::string& name);
Result<StoredDefinition> override_definition(mongo::Connection& mongo, const std::string& name,
                                             const DefinitionOverrides& overrides);
Result<bool> drop_definition(mongo::Connection& mongo, const std::string& class_name);

}  // namespace schedules
