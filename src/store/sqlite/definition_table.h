// The statements on the table of definitions.
#pragma once

#include <optional>
#include <vector>

#include "store/definition_store.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

/// Errors: already_exists (event_name), and then nothing is changed.
Result<std::vector<StoredDefinition>> upsert_definitions(Database& database,
                                                         const std::vector<StoredDefinition>& definitions);
Result<std::vector<StoredDefinition>> list_definitions(Database& database, const std::string& module_name);
Result<std::optional<StoredDefinition>> get_definition(Database& database, const std::string& name);
/// Errors: not_found.
Result<StoredDefinition> override_definition(Database& database, const std::string& name,
                                             const DefinitionOverrides& overrides);
Result<bool> drop_definition(Database& database, const std::string& class_name);

}  // namespace schedules::sqlite
