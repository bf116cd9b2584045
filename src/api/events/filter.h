// Filters and pages of events, from a query or a JSON object.
#pragma once

#include "api/faults.h"
#include "api/query.h"
#include "store/event_catalog.h"
#include "store/schedule_store.h"

namespace schedules::api {

EventFilter read_event_filter(Query& query);
/// Members of a JSON object under the same names; unknown ones are faults under `field`.
EventFilter read_event_filter(std::string_view field, const json::Value& value, Faults& faults);
bool is_empty(const EventFilter& filter);

DeadLetterFilter read_letter_filter(Query& query);
DeadLetterFilter read_letter_filter(std::string_view field, const json::Value& value, Faults& faults);

struct PageRequest {
  size_t limit = 100;
  std::string cursor;  ///< as the store gave it
};
/// limit 1…1000 and cursor.
PageRequest read_page(Query& query);
/// Ends an answer: `],"next_cursor":…}` in the opaque form that read_page takes back.
void append_page_end(std::string& out, std::string_view cursor);

}  // namespace schedules::api
