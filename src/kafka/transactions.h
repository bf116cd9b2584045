// One transactional producer: what is published together is seen together by readers of committed records, or not at all.
// Whoever opens another one with the same id fences it. One thread owns it: calls block.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "kafka/options.h"
#include "kafka/record.h"

namespace schedules::kafka {

struct TransactionOptions {
  std::string id;                                         ///< transactional.id
  std::chrono::milliseconds timeout{10'000};              ///< of each call
  std::chrono::milliseconds transaction_timeout{20'000};  ///< an open one without a producer is aborted by the broker
  size_t max_record_bytes = 16 * 1024 * 1024;
};

struct Transaction {
  enum class End : uint8_t {
    committed,
    aborted,  ///< nothing of it will be seen; `records` say what was wrong with which
    fenced,   ///< another producer has the id: nothing of it will be seen
    unknown,  ///< the commit was sent and not answered: the producer is of no use, the next one's open settles it
  };
  End end = End::aborted;
  std::vector<Result<Position>> records;  ///< in their order
  Error error;                            ///< for all but committed
};

class TransactionalProducer {
 public:
  /// Fences older producers of the id and settles what they left open. Errors: invalid_argument, conflict (fenced
  /// meanwhile), unavailable, forbidden, unauthenticated.
  static Result<std::unique_ptr<TransactionalProducer>> open(const KafkaOptions& options,
                                                             const TransactionOptions& transactions);
  ~TransactionalProducer();

  /// The records must stay as they are until it returns. After anything but a commit: open anew.
  Transaction publish(const std::vector<OutgoingRecord>& records);
  [[nodiscard]] bool usable() const;

 private:
  struct Impl;
  explicit TransactionalProducer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::kafka
