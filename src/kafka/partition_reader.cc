#include "kafka/partition_reader.h"

#include "kafka/library.h"

namespace schedules::kafka {
namespace {

using Milliseconds = std::chrono::milliseconds;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, Destroyer<rd_kafka_message_destroy>>;
constexpr int kReadMs = 200;

Result<HandlePtr> open_handle(const KafkaOptions& options, const char* isolation) {
  auto conf = make_conf(options, {{"group.id", "stufio-schedules-reader"},
                                  {"enable.auto.commit", "false"},
                                  {"enable.auto.offset.store", "false"},
                                  {"enable.partition.eof", "true"},
                                  {"auto.offset.reset", "earliest"},
                                  {"queued.max.messages.kbytes", "16384"},
                                  {"fetch.wait.max.ms", "10"},
                                  {"fetch.error.backoff.ms", "100"},
                                  {"isolation.level", isolation}});
  if (!conf) return fail(std::move(conf.error()));
  return make_handle(RD_KAFKA_CONSUMER, std::move(*conf));
}

RecordView view_of(const rd_kafka_message_t& message, const std::string& header) {
  RecordView view{.offset = message.offset};
  if (message.key != nullptr) view.key = {static_cast<const char*>(message.key), message.key_len};
  if (message.payload != nullptr) view.value = std::string_view(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  const void* found = nullptr;
  size_t size = 0;
  if (rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR &&
      rd_kafka_header_get_last(headers, header.c_str(), &found, &size) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    view.header = std::string(static_cast<const char*>(found), size);
  }
  return view;
}

}  // namespace

struct PartitionReader::Impl {
  const Clock& clock;
  Milliseconds timeout;
  HandlePtr ends;  ///< sees what is not committed too
  HandlePtr handle;
  QueuePtr queue;
};

PartitionReader::PartitionReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PartitionReader::~PartitionReader() {
  impl_->queue.reset();
  rd_kafka_destroy_flags(impl_->handle.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
  rd_kafka_destroy_flags(impl_->ends.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

Result<std::unique_ptr<PartitionReader>> PartitionReader::open(const KafkaOptions& options, const Clock& clock) {
  auto ends = open_handle(options, "read_uncommitted");
  if (!ends) return fail(std::move(ends.error()));
  auto handle = open_handle(options, "read_committed");
  if (!handle) return fail(std::move(handle.error()));
  rd_kafka_poll_set_consumer(handle->get());
  return std::unique_ptr<PartitionReader>(new PartitionReader(
      std::make_unique<Impl>(Impl{clock, options.request_timeout, std::move(*ends), std::move(*handle), nullptr})));
}

Result<Span> PartitionReader::span(const std::string& topic, int32_t partition) {
  Span span;
  const auto until = impl_->clock.steady() + impl_->timeout;
  auto error = RD_KAFKA_RESP_ERR_NO_ERROR;
  // One that was made a moment ago has no leader yet.
  do {
    error = rd_kafka_query_watermark_offsets(impl_->ends.get(), topic.c_str(), partition, &span.begin, &span.end,
                                             static_cast<int>(impl_->timeout.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) rd_kafka_poll(impl_->ends.get(), kReadMs);
  } while (error != RD_KAFKA_RESP_ERR_NO_ERROR && impl_->clock.steady() < until);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(error_of(error, fmt::format("asking for the end of {}[{}] failed", topic, partition)));
  }
  return span;
}

Status PartitionReader::read(const std::string& topic, int32_t partition, int64_t from, int64_t until,
                             const std::string& header, Milliseconds patience,
                             const std::function<void(const RecordView&)>& take, const std::function<bool()>& give_up) {
  if (from >= until) return {};
  auto* rk = impl_->handle.get();
  const PartitionListPtr list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = from;
  const auto assigned = rd_kafka_assign(rk, list.get());
  if (assigned != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(error_of(assigned, "reading " + topic + " failed"));
  Status status;
  auto heard_at = impl_->clock.steady();
  std::string last_error = "an open transaction, or a broker that does not answer";
  for (;;) {
    if (give_up && give_up()) {
      status = fail(Code::shutting_down, "reading {} was given up", topic);
      break;
    }
    const MessagePtr message(rd_kafka_consumer_poll(rk, kReadMs));
    const auto now = impl_->clock.steady();
    if (!message) {
      if (now - heard_at < patience) continue;
      status = fail(Code::unavailable, "reading {}[{}]: nothing came for {} ms: {}", topic, partition, patience.count(),
                    last_error);
      break;
    }
    if (message->rkt != nullptr && message->partition != partition) continue;  // of what was read before
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      heard_at = now;
      if (message->offset < until) take(view_of(*message, header));
      if (message->offset >= until - 1) break;
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      // The end of what is committed; an open transaction before `until` is waited for.
      if (message->offset >= until) break;
    } else if (message->err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
               message->err == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION) {
      status = fail(error_of(message->err, "reading " + topic + " failed"));
      break;
    } else {
      last_error = rd_kafka_message_errstr(message.get());
    }
  }
  rd_kafka_assign(rk, nullptr);
  return status;
}

}  // namespace schedules::kafka
