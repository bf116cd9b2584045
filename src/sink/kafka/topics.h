// The topics that are known to be there, and the making of those that are not. Owned by the sink's thread.
#pragma once

#include <chrono>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "kafka/cluster.h"
#include "time/clock.h"

namespace schedules {

struct TopicDefaults {
  bool create = true;  ///< make what is missing
  int partitions = 3;
  int replication = 1;         ///< -1: as the cluster does by default
  kafka::Properties settings;  ///< retention.ms and so on
  std::string main_topic;      ///< the one that most events share
  int main_topic_partitions = 9;
};

class KafkaTopics {
 public:
  KafkaTopics(kafka::Cluster& cluster, TopicDefaults defaults, std::chrono::milliseconds timeout, const Clock& clock)
      : cluster_(cluster), defaults_(std::move(defaults)), timeout_(timeout), clock_(clock) {}

  /// There when it returns; may ask the cluster and then blocks. While the cluster is away, and after a refusal, the
  /// last answer is repeated for a moment. Errors: not_found (missing, and not to be made), invalid_argument,
  /// bad_request, forbidden (the cluster refuses it), unavailable, unauthenticated.
  Status ensure(const std::string& topic);
  /// It was said to be missing after all.
  void forget(const std::string& topic) { known_.erase(topic); }

 private:
  struct Refusal {
    SteadyPoint until;
    Error error;
  };
  Status look_up(const std::string& topic);
  Status create(const std::string& topic);

  kafka::Cluster& cluster_;
  TopicDefaults defaults_;
  std::chrono::milliseconds timeout_;
  const Clock& clock_;
  std::unordered_set<std::string> known_;
  std::unordered_map<std::string, Refusal> refused_;
  std::optional<Refusal> away_;
};

}  // namespace schedules
