// A definition as a document. Only for this room's sources.
#pragma once

#include <string_view>

#include "mongo/bson.h"
#include "store/definition_store.h"

namespace schedules {

/// Never fails: one that cannot be read is disabled, and its last_error says why.
StoredDefinition read_definition(std::string_view document);
/// What a declaration sets: everything but _id, created_at, overrides and counters.
mongo::Document declared_fields(const StoredDefinition& definition);
/// The overrides, created_at and updated_at.
mongo::Document override_fields(const StoredDefinition& definition);
/// Counters and times of the original that a new one begins with.
mongo::Document fresh_counters();

}  // namespace schedules
