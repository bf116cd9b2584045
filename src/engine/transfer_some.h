// Moves single far events near before their time, as an operator asks: read → put if absent near → mark transferred.
// Stopping anywhere and asking again moves nothing twice. Thread-safe.
#pragma once

#include <functional>
#include <vector>

#include "engine/ports.h"

namespace schedules {

/// What now waits near; called on a store's thread.
using ArrivedNear = std::function<void(std::vector<WindowEntry>)>;

/// For each id, in order, whether it was pending in the far tier and now is in the near one. The ports must outlive
/// the answer. Errors: those of the stores.
void transfer_some(EnginePorts& ports, std::vector<EventId> ids, ArrivedNear arrived, Done<std::vector<bool>> done);

}  // namespace schedules
