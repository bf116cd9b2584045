// librdkafka's C objects with owners, its configuration and its errors. Only for this room's own sources.
#pragma once

#include <memory>
#include <string_view>

#include <librdkafka/rdkafka.h>

#include "base/result.h"
#include "kafka/options.h"

namespace schedules::kafka {

template <auto Destroy>
struct Destroyer {
  template <class T>
  void operator()(T* object) const {
    Destroy(object);
  }
};

using ConfPtr = std::unique_ptr<rd_kafka_conf_t, Destroyer<rd_kafka_conf_destroy>>;
using HandlePtr = std::unique_ptr<rd_kafka_t, Destroyer<rd_kafka_destroy>>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, Destroyer<rd_kafka_queue_destroy>>;
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, Destroyer<rd_kafka_topic_destroy>>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, Destroyer<rd_kafka_event_destroy>>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, Destroyer<rd_kafka_error_destroy>>;
using PartitionListPtr =
    std::unique_ptr<rd_kafka_topic_partition_list_t, Destroyer<rd_kafka_topic_partition_list_destroy>>;

/// A configuration of the options and then `more`, which may override. Logs go to base/log.
Result<ConfPtr> make_conf(const KafkaOptions& options, const Properties& more);
Result<HandlePtr> make_handle(rd_kafka_type_t type, ConfPtr conf);

/// not_found: no such topic or partition. invalid_argument: an impossible topic name. payload_too_large: the record.
/// forbidden: not allowed. unauthenticated: who we are is not believed. overloaded: the library's own queue is full.
/// shutting_down: given up by us. bad_request: the broker refuses the record for good. conflict: the group or producer
/// has moved on. unavailable: all else; what was sent may have arrived.
Code code_of(rd_kafka_resp_err_t error);
Error error_of(rd_kafka_resp_err_t error, std::string_view what);

}  // namespace schedules::kafka
