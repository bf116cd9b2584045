#include "tests/conformance/kafka_place.h"

#include <librdkafka/rdkafka.h>

#include <unistd.h>

#include <atomic>
#include <future>
#include <stdexcept>

namespace schedules::testing {
namespace {

using std::chrono::milliseconds;

void must(bool fact, const std::string& what) {
  if (!fact) throw std::runtime_error(what);
}

struct Handle {
  rd_kafka_t* rk = nullptr;
  Handle(rd_kafka_type_t type, const std::string& group) {
    char reason[512];
    auto* conf = rd_kafka_conf_new();
    rd_kafka_conf_set(conf, "bootstrap.servers", environment("SCHEDULES_TEST_KAFKA").c_str(), reason, sizeof(reason));
    rd_kafka_conf_set(conf, "group.id", group.c_str(), reason, sizeof(reason));
    rd_kafka_conf_set(conf, "enable.auto.commit", "false", reason, sizeof(reason));
    rk = rd_kafka_new(type, conf, reason, sizeof(reason));
    must(rk != nullptr, reason);
  }
  ~Handle() { rd_kafka_destroy(rk); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
};

kafka::IncomingRecord copy_of(const rd_kafka_message_t& message) {
  kafka::IncomingRecord record{
      .topic = rd_kafka_topic_name(message.rkt), .partition = message.partition, .offset = message.offset};
  if (message.key != nullptr) record.key.emplace(static_cast<const char*>(message.key), message.key_len);
  if (message.payload != nullptr) record.value.emplace(static_cast<const char*>(message.payload), message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  size_t size = 0;
  for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(
        name, value == nullptr ? std::nullopt : std::optional<std::string>({static_cast<const char*>(value), size}));
  }
  return record;
}

}  // namespace

kafka::KafkaOptions kafka_options() { return {.brokers = {environment("SCHEDULES_TEST_KAFKA")}}; }

std::string fresh_topic(const std::string& purpose) {
  static std::atomic<int> next = 0;
  return fmt::format("{}.{}.{}", purpose, ::getpid(), ++next);
}

KafkaPlace::KafkaPlace()
    : cluster_(kafka::Cluster::open(kafka_options()).value()),
      producer_(kafka::Producer::open(kafka_options(), {.message_timeout = milliseconds(60'000)}).value()) {}
KafkaPlace::~KafkaPlace() = default;

std::string KafkaPlace::topic(const std::string& purpose, int partitions, kafka::Properties settings) const {
  const auto name = fresh_topic(purpose);
  const auto made =
      cluster_->create({.name = name, .partitions = partitions, .settings = std::move(settings)}, milliseconds(30'000));
  must(made.has_value(), made ? "" : made.error().detail);
  must(eventually([&] { return cluster_->partitions_of(name, milliseconds(10'000)).value_or(0) == partitions; }), name);
  return name;
}

void KafkaPlace::delete_topic(const std::string& topic) const {
  const Handle handle(RD_KAFKA_PRODUCER, "none");
  auto* queue = rd_kafka_queue_new(handle.rk);
  auto* request = rd_kafka_DeleteTopic_new(topic.c_str());
  rd_kafka_DeleteTopics(handle.rk, &request, 1, nullptr, queue);
  auto* answer = rd_kafka_queue_poll(queue, 30'000);
  must(answer != nullptr && rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR, "deleting " + topic);
  rd_kafka_event_destroy(answer);
  rd_kafka_DeleteTopic_destroy(request);
  rd_kafka_queue_destroy(queue);
  must(eventually([&] { return !cluster_->partitions_of(topic, milliseconds(10'000)); }), topic + " is still there");
}

void KafkaPlace::produce(std::vector<kafka::OutgoingRecord> records) const {
  std::promise<kafka::Produced> done;
  producer_->produce(std::move(records), [&](kafka::Produced results) { done.set_value(std::move(results)); });
  for (const auto& result : done.get_future().get()) must(result.has_value(), result ? "" : result.error().detail);
}

std::vector<kafka::IncomingRecord> KafkaPlace::read(const std::string& topic) const {
  const Handle handle(RD_KAFKA_CONSUMER, "reader");
  const int partitions = cluster_->partitions_of(topic, milliseconds(30'000)).value();
  std::vector<kafka::IncomingRecord> records;
  for (int32_t partition = 0; partition < partitions; ++partition) {
    int64_t low = 0;
    int64_t high = 0;
    const auto asked = rd_kafka_query_watermark_offsets(handle.rk, topic.c_str(), partition, &low, &high, 30'000);
    must(asked == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(asked));
    auto* list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = low;
    rd_kafka_assign(handle.rk, list);
    rd_kafka_topic_partition_list_destroy(list);
    for (int64_t at = low; at < high;) {
      auto* message = rd_kafka_consumer_poll(handle.rk, 30'000);
      must(message != nullptr, "reading " + topic + " stands still");
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        records.push_back(copy_of(*message));
        at = message->offset + 1;
      }
      rd_kafka_message_destroy(message);
    }
  }
  return records;
}

int64_t KafkaPlace::committed(const std::string& group, const std::string& topic, int32_t partition) const {
  const Handle handle(RD_KAFKA_CONSUMER, group);
  auto* list = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(list, topic.c_str(), partition);
  const auto asked = rd_kafka_committed(handle.rk, list, 30'000);
  const int64_t offset = list->elems[0].offset;
  rd_kafka_topic_partition_list_destroy(list);
  must(asked == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(asked));
  return offset < 0 ? -1 : offset;
}

int KafkaPlace::members_of(const std::string& group) const {
  const Handle handle(RD_KAFKA_CONSUMER, "asking");
  const rd_kafka_group_list* groups = nullptr;
  const auto asked = rd_kafka_list_groups(handle.rk, group.c_str(), &groups, 30'000);
  must(asked == RD_KAFKA_RESP_ERR_NO_ERROR, rd_kafka_err2str(asked));
  const bool settled = groups->group_cnt == 1 && std::string_view("Stable") == groups->groups[0].state;
  const int members = settled ? groups->groups[0].member_cnt : 0;
  rd_kafka_group_list_destroy(groups);
  return members;
}

std::string header_of(const kafka::IncomingRecord& record, std::string_view name) {
  for (const auto& [key, value] : record.headers) {
    if (key == name) return value.value_or("(null)");
  }
  return "(absent)";
}

}  // namespace schedules::testing
