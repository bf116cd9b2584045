// The delayed topic and the one of its dead letters: made where they are missing. Owned by the ingest's thread.
#pragma once

#include <string>

#include "kafka/cluster.h"
#include "time/clock.h"

namespace schedules {

struct IngestTopicRules {
  bool create = true;
  int partitions = 3;
  int replication = 1;
};

class IngestTopics {
 public:
  /// Cluster and clock must outlive it.
  IngestTopics(kafka::Cluster& cluster, std::string delayed, std::string dead, IngestTopicRules rules,
               const Clock& clock);

  /// Looks once, and again every few seconds until both are there or the cluster has refused. Blocks for a few seconds
  /// at most, and only while there is something to find out.
  void ensure();
  /// One of them was said to be missing after all.
  void look_again() { settled_ = !rules_.create; }

 private:
  bool make(const kafka::TopicSpec& spec) const;

  kafka::Cluster& cluster_;
  kafka::TopicSpec delayed_;
  kafka::TopicSpec dead_;
  IngestTopicRules rules_;
  const Clock& clock_;
  bool settled_;
  SteadyPoint next_try_{};
};

}  // namespace schedules
