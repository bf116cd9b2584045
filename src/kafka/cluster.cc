#include "kafka/cluster.h"

#include <array>
#include <mutex>

#include "kafka/library.h"

namespace schedules::kafka {
namespace {

using Milliseconds = std::chrono::milliseconds;
using MetadataPtr = std::unique_ptr<const rd_kafka_metadata_t, Destroyer<rd_kafka_metadata_destroy>>;

int whole(Milliseconds timeout) { return static_cast<int>(std::max<int64_t>(timeout.count(), 1)); }

Result<MetadataPtr> metadata(rd_kafka_t* handle, rd_kafka_topic_t* topic, Milliseconds timeout) {
  const rd_kafka_metadata_t* found = nullptr;
  const auto error = rd_kafka_metadata(handle, 0, topic, &found, whole(timeout));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(error_of(error, "asking the Kafka cluster failed"));
  return MetadataPtr(found);
}

using NewTopicPtr = std::unique_ptr<rd_kafka_NewTopic_t, Destroyer<rd_kafka_NewTopic_destroy>>;
using AdminOptionsPtr = std::unique_ptr<rd_kafka_AdminOptions_t, Destroyer<rd_kafka_AdminOptions_destroy>>;

Result<NewTopicPtr> new_topic(const TopicSpec& spec) {
  std::array<char, 512> reason{};
  NewTopicPtr topic(
      rd_kafka_NewTopic_new(spec.name.c_str(), spec.partitions, spec.replication, reason.data(), reason.size()));
  if (!topic) return fail(Code::invalid_argument, "topic {}: {}", spec.name, reason.data());
  for (const auto& [name, value] : spec.settings) {
    const auto set = rd_kafka_NewTopic_set_config(topic.get(), name.c_str(), value.c_str());
    if (set != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(error_of(set, name));
  }
  return topic;
}

Status result_of(rd_kafka_event_t* event, const std::string& topic) {
  const auto call = rd_kafka_event_error(event);
  if (call != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(error_of(call, "making topic " + topic + " failed"));
  const auto* result = rd_kafka_event_CreateTopics_result(event);
  size_t count = 0;
  const auto* const* topics = rd_kafka_CreateTopics_result_topics(result, &count);
  for (size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(topics[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) continue;
    const char* text = rd_kafka_topic_result_error_string(topics[i]);
    auto why = error_of(error, fmt::format("making topic {} failed: {}", topic, text == nullptr ? "" : text));
    const bool refused = error == RD_KAFKA_RESP_ERR_INVALID_PARTITIONS || error == RD_KAFKA_RESP_ERR_INVALID_CONFIG ||
                         error == RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR;
    if (refused) why.code = Code::bad_request;
    return fail(std::move(why));
  }
  return {};
}

}  // namespace

struct Cluster::Impl {
  HandlePtr handle;
};

Cluster::Cluster(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Cluster::~Cluster() = default;

Result<std::unique_ptr<Cluster>> Cluster::open(const KafkaOptions& options) {
  auto conf = make_conf(options, {});
  if (!conf) return fail(std::move(conf.error()));
  auto handle = make_handle(RD_KAFKA_PRODUCER, std::move(*conf));
  if (!handle) return fail(std::move(handle.error()));
  return std::unique_ptr<Cluster>(new Cluster(std::make_unique<Impl>(std::move(*handle))));
}

Result<Cluster::Facts> Cluster::probe(Milliseconds timeout) const {
  rd_kafka_poll(impl_->handle.get(), 0);
  const auto answer = metadata(impl_->handle.get(), nullptr, timeout);
  if (!answer) return fail(answer.error());
  Facts facts;
  for (int i = 0; i < (*answer)->broker_cnt; ++i) {
    const auto& broker = (*answer)->brokers[i];
    facts.brokers.push_back(fmt::format("{}:{}", broker.host, broker.port));
  }
  if ((*answer)->orig_broker_name != nullptr) facts.answered_by = (*answer)->orig_broker_name;
  if (facts.brokers.empty()) return fail(Code::unavailable, "no Kafka broker is alive");
  return facts;
}

Result<int> Cluster::partitions_of(const std::string& topic, Milliseconds timeout) const {
  if (!is_topic_name(topic)) return fail(Code::invalid_argument, "\"{}\" cannot be a Kafka topic", topic);
  rd_kafka_poll(impl_->handle.get(), 0);
  const TopicPtr asked(rd_kafka_topic_new(impl_->handle.get(), topic.c_str(), nullptr));
  if (!asked) return fail(error_of(rd_kafka_last_error(), "topic " + topic));
  const auto answer = metadata(impl_->handle.get(), asked.get(), timeout);
  if (!answer) return fail(answer.error());
  if ((*answer)->topic_cnt != 1) return fail(Code::unavailable, "the cluster says nothing of topic {}", topic);
  const auto& found = (*answer)->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR && found.err != RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE) {
    return fail(error_of(found.err, "topic " + topic));
  }
  return found.partition_cnt;
}

Status Cluster::create(const TopicSpec& spec, Milliseconds timeout) const {
  if (!is_topic_name(spec.name)) return fail(Code::invalid_argument, "\"{}\" cannot be a Kafka topic", spec.name);
  auto topic = new_topic(spec);
  if (!topic) return fail(std::move(topic.error()));
  auto* handle = impl_->handle.get();
  const AdminOptionsPtr limits(rd_kafka_AdminOptions_new(handle, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  std::array<char, 512> reason{};
  for (const auto set : {rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout}) {
    const auto error = set(limits.get(), whole(timeout), reason.data(), reason.size());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(Code::invalid_argument, "timeout: {}", reason.data());
  }
  const QueuePtr answers(rd_kafka_queue_new(handle));
  rd_kafka_NewTopic_t* topics[] = {topic->get()};
  rd_kafka_CreateTopics(handle, topics, 1, limits.get(), answers.get());
  const EventPtr event(rd_kafka_queue_poll(answers.get(), whole(timeout + Milliseconds(1'000))));
  if (!event) return fail(Code::unavailable, "making topic {} was not answered in time", spec.name);
  return result_of(event.get(), spec.name);
}

}  // namespace schedules::kafka
