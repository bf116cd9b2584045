// The firing side's reads: the window of what comes, begin, and what the far tier has to give. Run on the firing
// reader's thread.
#pragma once

#include <vector>

#include "store/far_store.h"
#include "store/near_store.h"
#include "store/rocksdb/ledger.h"

namespace schedules::rocks {

Result<WindowPage> read_window(Database& database, const Ledger& ledger, const WindowRequest& request);
Result<std::vector<Event>> begin_events(Database& database, Ledger& ledger, const BeginRequest& request);
Result<FarPage> read_due_before(Database& database, const Ledger& ledger, TimePoint until, size_t limit);

}  // namespace schedules::rocks
