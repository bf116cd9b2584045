// Reads topics as one member of a consumer group (cooperative-sticky). What is read counts as read only once
// processed() says so. One thread owns it: all calls come from there, and so do the listener's; but wake().
#pragma once

#include <chrono>
#include <compare>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/options.h"
#include "kafka/record.h"
#include "time/clock.h"

namespace schedules::kafka {

struct ConsumerOptions {
  std::string group;
  std::vector<std::string> topics;
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds commit_interval{500};       ///< how often what was processed is written to the cluster
  std::chrono::milliseconds metadata_interval{10'000};  ///< how soon a topic that is made later is noticed
  size_t prefetch_records = 10'000;
  size_t prefetch_kbytes = 16 * 1024;
};

struct TopicPartition {
  std::string topic;
  int32_t partition = 0;

  auto operator<=>(const TopicPartition&) const = default;
};
using TopicPartitions = std::vector<TopicPartition>;

class Consumer {
 public:
  class Listener {
   public:
    virtual ~Listener() = default;
    /// Records of these will come, from behind what was last processed.
    virtual void gained(const TopicPartitions& partitions) = 0;
    /// They belong to another member now, or will in a moment. What was processed before is still written.
    virtual void lost(const TopicPartitions& partitions) = 0;
  };

  /// Reads nothing before subscribe(). Errors: invalid_argument. The listener and the clock must outlive it.
  static Result<std::unique_ptr<Consumer>> open(const KafkaOptions& options, const ConsumerOptions& consumer,
                                                Listener& listener, const Clock& clock);
  /// As close(0).
  ~Consumer();

  /// Joins the group, in the background. A topic that is missing still is waited for.
  Status subscribe();

  /// Waits up to `timeout` for a record, then takes what is there, `most` at most. Has to be called at least every five
  /// minutes, or the group gives our partitions away.
  std::vector<IncomingRecord> poll(size_t most, std::chrono::milliseconds timeout);
  /// Ends a poll() that waits, or the next one. Thread-safe.
  void wake();

  /// All up to and with this offset. No effect on a partition that is not ours any more.
  void processed(const TopicPartition& partition, int64_t offset);
  void pause(const TopicPartitions& partitions);
  /// Goes on behind the last record that poll() gave.
  void resume(const TopicPartitions& partitions);
  /// What went wrong since the last call, if anything did: nothing for the caller to do but to tell.
  std::optional<Error> take_trouble();

  /// Writes what was processed and leaves the group, which should take `grace` at most, but is waited for: where the
  /// cluster is away, as long as the session's time-out. Without grace it only ends: others get our partitions once the
  /// session is over. Blocking; may be repeated. No other call may follow.
  void close(std::chrono::milliseconds grace);

 private:
  struct Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::kafka
