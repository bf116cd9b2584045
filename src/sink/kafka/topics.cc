#include "sink/kafka/topics.h"

#include "base/log.h"

namespace schedules {
namespace {

constexpr size_t kMaxKept = 10'000;
constexpr auto kRefusedFor = std::chrono::seconds(5);
constexpr auto kAwayFor = std::chrono::seconds(1);

bool is_about_the_topic(Code code) {
  return code == Code::not_found || code == Code::invalid_argument || code == Code::bad_request ||
         code == Code::forbidden;
}

}  // namespace

Status KafkaTopics::ensure(const std::string& topic) {
  if (known_.contains(topic)) return {};
  const auto now = clock_.steady();
  if (away_ && now < away_->until) return fail(away_->error);
  if (const auto found = refused_.find(topic); found != refused_.end()) {
    if (now < found->second.until) return fail(found->second.error);
    refused_.erase(found);
  }
  auto there = look_up(topic);
  if (there) {
    away_.reset();
    if (known_.size() >= kMaxKept) known_.clear();
    known_.insert(topic);
    return {};
  }
  if (is_about_the_topic(there.error().code)) {
    if (refused_.size() >= kMaxKept) refused_.clear();
    refused_[topic] = {.until = clock_.steady() + kRefusedFor, .error = there.error()};
  } else {
    away_ = {.until = clock_.steady() + kAwayFor, .error = there.error()};
  }
  return there;
}

Status KafkaTopics::look_up(const std::string& topic) {
  const auto partitions = cluster_.partitions_of(topic, timeout_);
  if (partitions) return {};
  const auto& error = partitions.error();
  // A client that may not see a topic is told the same as one for whom it is missing, or "forbidden".
  if (error.code != Code::not_found || !defaults_.create) return fail(error);
  return create(topic);
}

Status KafkaTopics::create(const std::string& topic) {
  const bool main = topic == defaults_.main_topic;
  const kafka::TopicSpec spec{.name = topic,
                              .partitions = main ? defaults_.main_topic_partitions : defaults_.partitions,
                              .replication = defaults_.replication,
                              .settings = defaults_.settings};
  auto made = cluster_.create(spec, timeout_);
  if (!made) return made;
  log::info("kafka.topic.created", {{"topic", topic}, {"partitions", std::to_string(spec.partitions)}});
  return {};
}

}  // namespace schedules
