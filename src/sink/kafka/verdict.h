// What a record's end means for the event it carried. Pure.
#pragma once

#include "base/result.h"
#include "kafka/record.h"
#include "sink/sink.h"

namespace schedules {

/// Delivered: position "partition:offset". Rejected, not counted against the cluster: an impossible or missing topic, a
/// record that is too large or refused, a topic that we may not write. Retry: everything else; counted unless it is our
/// own limit or stop.
DeliveryReport report_of(const Result<kafka::Position>& result);

/// Whether the record may have been refused for its neighbours in the batch, so that it deserves a try of its own.
bool is_worth_a_try_alone(const Result<kafka::Position>& result);

}  // namespace schedules
