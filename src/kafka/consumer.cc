#include "kafka/consumer.h"

#include "base/log.h"
#include "kafka/library.h"

namespace schedules::kafka {
namespace {

using Milliseconds = std::chrono::milliseconds;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, Destroyer<rd_kafka_message_destroy>>;
constexpr int kCloseStepMs = 50;

Properties consumer_properties(const ConsumerOptions& options) {
  return {{"group.id", options.group},
          {"partition.assignment.strategy", "cooperative-sticky"},
          {"auto.offset.reset", "earliest"},
          {"session.timeout.ms", std::to_string(options.session_timeout.count())},
          {"heartbeat.interval.ms", std::to_string(std::max<int64_t>(options.session_timeout.count() / 4, 1))},
          {"max.poll.interval.ms", "300000"},
          // What is stored is what was processed; the library writes it now and then, and when a partition goes.
          {"enable.auto.offset.store", "false"},
          {"enable.auto.commit", "true"},
          {"auto.commit.interval.ms", std::to_string(options.commit_interval.count())},
          {"topic.metadata.refresh.interval.ms", std::to_string(options.metadata_interval.count())},
          {"queued.min.messages", std::to_string(options.prefetch_records)},
          {"queued.max.messages.kbytes", std::to_string(options.prefetch_kbytes)},
          {"fetch.error.backoff.ms", "100"},
          {"isolation.level", "read_committed"}};
}

PartitionListPtr list_of(const TopicPartitions& partitions) {
  PartitionListPtr list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& one : partitions) rd_kafka_topic_partition_list_add(list.get(), one.topic.c_str(), one.partition);
  return list;
}

TopicPartitions partitions_in(const rd_kafka_topic_partition_list_t& list) {
  TopicPartitions out;
  for (int i = 0; i < list.cnt; ++i)
    out.push_back({.topic = list.elems[i].topic, .partition = list.elems[i].partition});
  return out;
}

std::string bytes_of(const void* data, size_t size) {
  return size == 0 ? std::string() : std::string(static_cast<const char*>(data), size);
}

RecordHeaders headers_of(const rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  RecordHeaders out;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return out;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    out.emplace_back(name, value == nullptr ? std::nullopt : std::optional(bytes_of(value, size)));
  }
  return out;
}

IncomingRecord record_of(const rd_kafka_message_t& message) {
  IncomingRecord record{
      .topic = rd_kafka_topic_name(message.rkt), .partition = message.partition, .offset = message.offset};
  rd_kafka_timestamp_type_t type{};
  const int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  if (type != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && timestamp >= 0) record.timestamp_ms = timestamp;
  if (message.key != nullptr) record.key = bytes_of(message.key, message.key_len);
  if (message.payload != nullptr) record.value = bytes_of(message.payload, message.len);
  record.headers = headers_of(message);
  return record;
}

}  // namespace

struct Consumer::Impl {
  Listener& listener;
  const Clock& clock;
  std::vector<std::string> topics;
  HandlePtr handle;
  QueuePtr queue;  ///< the one that poll() waits at; ends before the handle
  std::optional<Error> trouble;
  bool closed = false;

  void note(rd_kafka_resp_err_t code, std::string_view what) {
    trouble = error_of(code, what);
    log::debug("kafka.consumer.trouble", {{"error", trouble->detail}});
  }
  void note(ErrorPtr error, std::string_view what) {
    if (error) note(rd_kafka_error_code(error.get()), what);
  }
  void rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t& partitions);
  void leave_group(Milliseconds grace);
};

void Consumer::Impl::rebalance(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t& partitions) {
  auto* rk = handle.get();
  if (what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    listener.gained(partitions_in(partitions));
    return note(ErrorPtr(rd_kafka_incremental_assign(rk, &partitions)), "taking partitions failed");
  }
  if (what == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    listener.lost(partitions_in(partitions));
    return note(ErrorPtr(rd_kafka_incremental_unassign(rk, &partitions)), "giving partitions up failed");
  }
  note(what, "sharing the partitions out failed");
  rd_kafka_assign(rk, nullptr);
}

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() { close(Milliseconds(0)); }

Result<std::unique_ptr<Consumer>> Consumer::open(const KafkaOptions& options, const ConsumerOptions& consumer,
                                                 Listener& listener, const Clock& clock) {
  if (consumer.topics.empty()) return fail_field(Code::invalid_argument, "topics", "no topics are named");
  auto conf = make_conf(options, consumer_properties(consumer));
  if (!conf) return fail(std::move(conf.error()));
  auto impl = std::make_unique<Impl>(Impl{.listener = listener, .clock = clock});
  rd_kafka_conf_set_opaque(conf->get(), impl.get());
  rd_kafka_conf_set_rebalance_cb(
      conf->get(), [](rd_kafka_t*, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions, void* self) {
        static_cast<Impl*>(self)->rebalance(what, *partitions);
      });
  rd_kafka_conf_set_error_cb(conf->get(), [](rd_kafka_t*, int code, const char* text, void* self) {
    static_cast<Impl*>(self)->note(static_cast<rd_kafka_resp_err_t>(code), text);
  });
  rd_kafka_conf_set_offset_commit_cb(
      conf->get(), [](rd_kafka_t*, rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t*, void* self) {
        const bool written = error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET;
        if (!written) static_cast<Impl*>(self)->note(error, "writing offsets failed");
      });
  auto handle = make_handle(RD_KAFKA_CONSUMER, std::move(*conf));
  if (!handle) return fail(std::move(handle.error()));
  impl->handle = std::move(*handle);
  auto* rk = impl->handle.get();
  rd_kafka_poll_set_consumer(rk);
  impl->queue.reset(rd_kafka_queue_get_consumer(rk));
  impl->topics = consumer.topics;
  return std::unique_ptr<Consumer>(new Consumer(std::move(impl)));
}

Status Consumer::subscribe() {
  TopicPartitions topics;
  for (const auto& topic : impl_->topics) topics.push_back({.topic = topic, .partition = RD_KAFKA_PARTITION_UA});
  const auto subscribed = rd_kafka_subscribe(impl_->handle.get(), list_of(topics).get());
  if (subscribed != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(error_of(subscribed, "subscribing failed"));
  return {};
}

std::vector<IncomingRecord> Consumer::poll(size_t most, Milliseconds timeout) {
  std::vector<IncomingRecord> records;
  auto wait = static_cast<int>(timeout.count());
  while (records.size() < most) {
    const MessagePtr message(rd_kafka_consumer_poll(impl_->handle.get(), std::exchange(wait, 0)));
    if (!message) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      records.push_back(record_of(*message));
    } else {
      impl_->note(message->err, rd_kafka_message_errstr(message.get()));
    }
  }
  return records;
}

void Consumer::wake() { rd_kafka_queue_yield(impl_->queue.get()); }

void Consumer::processed(const TopicPartition& partition, int64_t offset) {
  const auto list = list_of({partition});
  list->elems[0].offset = offset + 1;
  const auto error = rd_kafka_offsets_store(impl_->handle.get(), list.get());
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) log::debug("kafka.consumer.not_ours", {{"topic", partition.topic}});
}

void Consumer::pause(const TopicPartitions& partitions) {
  if (!partitions.empty()) rd_kafka_pause_partitions(impl_->handle.get(), list_of(partitions).get());
}

void Consumer::resume(const TopicPartitions& partitions) {
  if (!partitions.empty()) rd_kafka_resume_partitions(impl_->handle.get(), list_of(partitions).get());
}

std::optional<Error> Consumer::take_trouble() { return std::exchange(impl_->trouble, std::nullopt); }

void Consumer::Impl::leave_group(Milliseconds grace) {
  const auto until = clock.steady() + grace;
  // A queue of its own, read by events: records that came too late lie in it as well, and no callback takes those.
  const QueuePtr closing(rd_kafka_queue_new(handle.get()));
  const ErrorPtr error(rd_kafka_consumer_close_queue(handle.get(), closing.get()));
  if (error) return note(rd_kafka_error_code(error.get()), "leaving the group failed");
  bool late = false;
  // Once begun, it has to be seen through: while a rebalance waits for our answer, the handle cannot be destroyed.
  while (rd_kafka_consumer_closed(handle.get()) == 0) {
    if (!late && clock.steady() >= until) {
      late = true;
      log::warn("kafka.consumer.leaves_late", {});
    }
    const EventPtr event(rd_kafka_queue_poll(closing.get(), kCloseStepMs));
    if (!event || rd_kafka_event_type(event.get()) != RD_KAFKA_EVENT_REBALANCE) continue;
    rebalance(rd_kafka_event_error(event.get()), *rd_kafka_event_topic_partition_list(event.get()));
  }
}

void Consumer::close(Milliseconds grace) {
  if (std::exchange(impl_->closed, true) || !impl_->handle) return;
  if (grace > Milliseconds(0)) impl_->leave_group(grace);
  impl_->queue.reset();
  // Having left, there is nothing to wait for; not having left, we do not wait.
  rd_kafka_destroy_flags(impl_->handle.release(), RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

}  // namespace schedules::kafka
