// One partition's records on their way into the store: in order, a round at a time. A round is accepted, what cannot be
// is written to the dead letters, and only when all of it is safe does its last offset count as processed. While store
// or dead letters are away the round stays and is tried again. Owned by one thread; answers come through its mailbox.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/mailbox.h"
#include "engine/events.h"
#include "ingest/kafka/delayed_record.h"
#include "kafka/producer.h"

namespace schedules {

/// Of all partitions since the start.
struct IngestCounts {
  uint64_t accepted = 0;
  uint64_t repeated = 0;  ///< known already
  uint64_t dead = 0;      ///< written to the dead letters
  uint64_t retried = 0;   ///< rounds that had to be tried again
};

struct IntakePorts {
  Events& events;
  std::function<void(std::vector<kafka::OutgoingRecord>, kafka::ProduceDone)> letters;
  const Clock& clock;
  std::shared_ptr<Mailbox> mailbox;
  DelayedRules rules;
  IngestCounts& counts;
};

class PartitionIntake : public std::enable_shared_from_this<PartitionIntake> {
 public:
  /// The ports must outlive it.
  explicit PartitionIntake(const IntakePorts& ports) : ports_(ports) {}

  void add(kafka::IncomingRecord record);
  /// Starts what may be started now, and ends the round that is through.
  void advance() { advance(true); }
  /// As advance, but begins no further round.
  void wind_up() { advance(false); }
  /// The offset up to which all is safe, once for each.
  std::optional<int64_t> take_processed() { return std::exchange(processed_, std::nullopt); }

  /// When to call advance() again though nothing has come; absent: then need not.
  [[nodiscard]] std::optional<SteadyPoint> resumes_at() const { return resume_at_; }
  [[nodiscard]] size_t records() const { return waiting_.size() + round_.size(); }
  [[nodiscard]] size_t bytes() const { return bytes_; }
  /// Whether an answer is awaited.
  [[nodiscard]] bool busy() const { return busy_; }
  /// Why the round is not through, while it is tried again.
  [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
  /// Of when the trouble began.
  [[nodiscard]] SteadyPoint trouble_since() const { return trouble_since_; }

 private:
  enum class Step : uint8_t { event, letter, safe };
  struct Item {
    kafka::IncomingRecord record;
    Step step = Step::event;
    Error why;               ///< of a letter
    bool with_value = true;  ///< of a letter
  };
  using Places = std::vector<size_t>;  ///< in the round

  void advance(bool further_rounds);
  void take_round();
  void finish_round();
  /// Whether there was something to send.
  bool send_events();
  bool send_letters();
  void accepted(const Places& places, Result<std::vector<Accepted>> answers);
  void written(const Places& places, const kafka::Produced& results);
  void settle(std::optional<Error> trouble);

  const IntakePorts& ports_;
  std::deque<kafka::IncomingRecord> waiting_;
  std::vector<Item> round_;
  size_t bytes_ = 0;  ///< of waiting_ and round_
  bool busy_ = false;
  std::optional<int64_t> processed_;
  std::optional<SteadyPoint> resume_at_;
  std::chrono::milliseconds backoff_{0};
  std::optional<Error> trouble_;
  SteadyPoint trouble_since_{};
};

}  // namespace schedules
