// Questions to the cluster as a whole: is it there, which topics has it; and the making of topics. Thread-safe; every
// call blocks for at most its timeout.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/options.h"

namespace schedules::kafka {

struct TopicSpec {
  std::string name;
  int partitions = 1;
  int replication = 1;  ///< -1: as the cluster does by default
  Properties settings;  ///< retention.ms and so on
};

class Cluster {
 public:
  struct Facts {
    std::vector<std::string> brokers;  ///< host:port of those that are alive
    std::string answered_by;
  };

  static Result<std::unique_ptr<Cluster>> open(const KafkaOptions& options);
  ~Cluster();

  /// Errors: unavailable where no broker answers in time; forbidden where we are not let in.
  Result<Facts> probe(std::chrono::milliseconds timeout) const;
  /// How many partitions the topic has. Errors: not_found, invalid_argument (the name), forbidden, unavailable.
  Result<int> partitions_of(const std::string& topic, std::chrono::milliseconds timeout) const;
  /// One that is there already is left as it is. Errors: as above, and bad_request where the cluster refuses.
  Status create(const TopicSpec& topic, std::chrono::milliseconds timeout) const;

 private:
  struct Impl;
  explicit Cluster(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::kafka
