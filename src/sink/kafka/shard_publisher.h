// Publishes one shard's events, a transaction after the other, on a thread of its own: shards do not wait for one another.
// Only for this room's own sources.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "kafka/reader_pool.h"
#include "kafka/transactions.h"
#include "sink/kafka/transactional_sink.h"
#include "sink/kafka/unsettled.h"

namespace schedules {

class ShardPublisher {
 public:
  using Reported = std::move_only_function<void(DeliveryReport)>;
  struct Item {
    Delivery delivery;
    Reported reported;
  };

  /// `missing`: a topic was said not to be there.
  ShardPublisher(uint32_t shard, const TransactionalSinkOptions& options, const ShardFacts& facts,
                 kafka::ReaderPool& readers, const Clock& clock, std::function<void(const std::string&)> missing);
  /// Reports what has not begun as retries, ends what is under way.
  ~ShardPublisher();

  void add(std::vector<Item> items);
  void settled(const std::vector<EventId>& ids);
  void take_over(uint64_t epoch, Done<void> done);
  /// From now on everything is reported as a retry.
  void stop();

 private:
  void run();
  std::vector<Item> take_some();
  void wait_for_more(std::unique_lock<std::mutex>& lock);
  void publish(std::vector<Item> items);
  struct TakeOver {
    uint64_t epoch = 0;
    Done<void> done;
  };
  void take_over_now();
  /// A producer that fences those of owners before this epoch. Errors: stale_epoch; those of opening it.
  Status fence(uint64_t epoch);
  /// A producer under this epoch that knows what was published before. Errors: stale_epoch; else a retry.
  Status ready(uint64_t epoch);
  Status read_tail(int32_t partition);
  /// Those left are neither disowned nor published before.
  std::vector<Item> sift(std::vector<Item> items, uint64_t epoch);
  void run_transaction(std::vector<Item> items);
  kafka::Transaction publish_with_ends(const std::vector<Item>& items);
  void committed(std::vector<Item> items, const kafka::Transaction& transaction);
  void aborted(std::vector<Item> items, const kafka::Transaction& transaction);
  void note();
  DeliveryReport judge(const Item& item, const Result<kafka::Position>& result);
  static void report_all(std::vector<Item> items, const DeliveryReport& report);

  const uint32_t shard_;
  const TransactionalSinkOptions& options_;
  const ShardFacts& facts_;
  kafka::ReaderPool& readers_;
  const Clock& clock_;
  const std::function<void(const std::string&)> missing_;

  // Of the thread.
  std::unique_ptr<kafka::TransactionalProducer> producer_;
  std::optional<uint64_t> fences_;  ///< under which the producer was opened
  std::optional<uint64_t> epoch_;   ///< the same, once it knows what was published before
  std::optional<uint64_t>
      fenced_;  ///< the epoch under which another owner fenced us: it is over, whatever the lease says
  int32_t partition_ = 0;
  SteadyPoint committed_at_{};  ///< the last transaction

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Item> waiting_;
  std::vector<TakeOver> take_overs_;
  Unsettled unsettled_;
  std::optional<int64_t> noted_;
  SteadyPoint noted_at_{};
  bool known_ = false;  ///< unsettled_ is what the journal says
  bool stopping_ = false;
  bool ending_ = false;
  std::thread thread_;  ///< last: ends first
};

}  // namespace schedules
