// Takes events from the delayed topic (contract 4.5): one member of its consumer group, with a thread of its own. A
// record's offset is committed once its event is stored or, where it cannot become one, once it lies in the topic of
// dead letters. Records that were read twice are told apart by their events' ids.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/events.h"
#include "ingest/kafka/partition_intake.h"
#include "kafka/consumer.h"

namespace schedules {

struct DelayedIngestOptions {
  kafka::KafkaOptions cluster;
  std::string topic = "stufio.events.delayed";  ///< dead letters go to topic + ".dlq"
  std::string group = "stufio-events.schedules.delayed_events";
  std::chrono::milliseconds session_timeout{10'000};
  size_t max_records = 10'000;          ///< read, but not stored yet; of all partitions together
  size_t max_bytes = 32 * 1024 * 1024;  ///< of those; each partition may go over its share by one read
  uint32_t max_retries = 3;             ///< of the events
  std::chrono::milliseconds retry_delay{60'000};
  bool create_topics = true;  ///< both, where they are missing
  int partitions = 3;
  int replication = 1;
};

struct IngestStatus {
  IngestCounts counts;
  size_t partitions = 0;  ///< that are ours now
  size_t paused = 0;      ///< of those, for back-pressure or trouble
  size_t records = 0;     ///< read, but not stored yet
  size_t bytes = 0;
  std::optional<Error> trouble;  ///< why records wait: store or dead letters are away
  std::chrono::milliseconds trouble_for{0};
  std::optional<Error> cluster_trouble;  ///< the last one that the client told of; may be over
};

class DelayedIngest {
 public:
  /// Starts at once; a cluster that is away is no error. Errors: invalid_argument. `events` and `clock` must outlive it.
  static Result<std::unique_ptr<DelayedIngest>> open(DelayedIngestOptions options, Events& events, const Clock& clock);
  /// As stop(0).
  ~DelayedIngest();

  /// Thread-safe.
  [[nodiscard]] IngestStatus status() const;

  /// Reads nothing more, waits up to `grace` for what the store has been given, commits and leaves the group. What was
  /// not stored is read again by the next owner. Blocking, for the session's time-out longer where the cluster is away;
  /// may be repeated.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  explicit DelayedIngest(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
