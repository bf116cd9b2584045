// A real Kafka cluster for tests: topics of their own, and everything that lies in one. Calls wait.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "kafka/cluster.h"
#include "kafka/producer.h"
#include "tests/support/server_control.h"

namespace schedules::testing {

/// The plain listener of the broker beside the test.
kafka::KafkaOptions kafka_options();

/// A name that no other test uses.
std::string fresh_topic(const std::string& purpose);

class KafkaPlace {
 public:
  KafkaPlace();
  ~KafkaPlace();

  [[nodiscard]] kafka::Cluster& cluster() const { return *cluster_; }
  /// Makes it; waits until it can be written to.
  std::string topic(const std::string& purpose, int partitions = 1, kafka::Properties settings = {}) const;
  void delete_topic(const std::string& topic) const;
  void produce(std::vector<kafka::OutgoingRecord> records) const;
  /// All records of a topic up to its present ends, by partition and offset.
  [[nodiscard]] std::vector<kafka::IncomingRecord> read(const std::string& topic) const;
  /// Of a consumer group; -1: none.
  [[nodiscard]] int64_t committed(const std::string& group, const std::string& topic, int32_t partition = 0) const;
  /// How many the group has that hold partitions.
  [[nodiscard]] int members_of(const std::string& group) const;

 private:
  std::unique_ptr<kafka::Cluster> cluster_;
  std::unique_ptr<kafka::Producer> producer_;
};

/// Waits for a fact; false after a minute and a half without it.
inline bool eventually(const std::function<bool()>& fact) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(90);
  while (!fact()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

/// The value of a header; "(absent)" where there is none.
std::string header_of(const kafka::IncomingRecord& record, std::string_view name);

}  // namespace schedules::testing
