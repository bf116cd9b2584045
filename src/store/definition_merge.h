// What an upsert makes of definitions, whatever the store: DefinitionStore::upsert. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/definition_store.h"

namespace schedules {

using DefinitionsByClass = std::map<std::string, StoredDefinition>;

/// Each as it is to be stored, given all that are: with id, created_at and overrides of the one of its class. Errors:
/// already_exists (field event_name).
Result<std::vector<StoredDefinition>> merge_definitions(const std::vector<StoredDefinition>& definitions,
                                                        const DefinitionsByClass& stored);

}  // namespace schedules
