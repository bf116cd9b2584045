// The API side's reads: get, find, counts. Run on the API reader's thread.
#pragma once

#include <optional>
#include <vector>

#include "store/event_catalog.h"
#include "store/rocksdb/ledger.h"
#include "store/rocksdb/request.h"

namespace schedules::rocks {

Result<std::vector<std::optional<StoredEvent>>> get_events(Database& database, const Ledger& ledger, TimePoint now,
                                                           const std::vector<EventId>& ids, Scope scope);
Result<EventPage> find_events(Database& database, const Ledger& ledger, const FindRequest& request, Scope scope);
Result<std::vector<SlotCount>> count_by_slot(Database& database, const Ledger& ledger, TimeSlots slots, Scope scope);
Result<TierCounts> count_events(Database& database, const Ledger& ledger, TimePoint now, Scope scope);

}  // namespace schedules::rocks
