// Definitions that a program's code registered (include/schedules/definition.h), in the form that files give.
#pragma once

#include "definitions/definition_file.h"

namespace schedules {

/// All that were registered so far. A payload that is not a JSON object is a fault.
DefinitionFiles declared_in_code();

}  // namespace schedules
