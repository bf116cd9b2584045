// A record that cannot become an event, as it goes to the topic of dead letters. Pure.
#pragma once

#include <string>

#include "base/error.h"
#include "kafka/record.h"

namespace schedules {

/// The record's key, value and headers, and dead_letter_reason (the error's code), dead_letter_detail and
/// dead_letter_source (topic/partition/offset). Without the value where the cluster takes no record of that size; it
/// can still be read at its source then.
kafka::OutgoingRecord dead_letter(const kafka::IncomingRecord& record, const Error& why, const std::string& topic,
                                  bool with_value);

}  // namespace schedules
