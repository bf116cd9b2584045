// Hands one record to the library. Only for this room's own sources.
#pragma once

#include "kafka/library.h"
#include "kafka/record.h"

namespace schedules::kafka {

/// Key and value stay where they are until the report, which carries `opaque`; none comes where an error is answered.
rd_kafka_resp_err_t send_record(rd_kafka_t* handle, rd_kafka_topic_t* topic, const OutgoingRecord& record,
                                void* opaque);

}  // namespace schedules::kafka
