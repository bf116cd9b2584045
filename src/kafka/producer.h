// Sends records to Kafka: idempotent, acknowledged by all replicas, batched by the library. A producer whose library
// instance has broken for good goes on with a new one.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "kafka/options.h"
#include "kafka/record.h"

namespace schedules::kafka {

struct ProducerOptions {
  std::chrono::milliseconds linger{1};                ///< how long a record may wait for others to go with it
  std::chrono::milliseconds message_timeout{10'000};  ///< retries included; then it is reported as unavailable
  size_t max_queued_messages = 500'000;
  size_t max_queued_kbytes = 512 * 1024;
  size_t max_record_bytes = 16 * 1024 * 1024;  ///< the brokers' limit is the one that counts
  std::string compression;                     ///< none, gzip, snappy, lz4 or zstd; empty: none
  bool one_by_one = false;                     ///< no batches: each record is judged by its own size
};

/// One result per record, in their order. An error of `unavailable` leaves open whether the record arrived.
using Produced = std::vector<Result<Position>>;
using ProduceDone = std::move_only_function<void(Produced)>;

class Producer {
 public:
  static Result<std::unique_ptr<Producer>> open(const KafkaOptions& options, const ProducerOptions& producer);
  /// As stop(0).
  ~Producer();

  /// Thread-safe, does not block. `done` is called once, on the producer's thread or, where nothing could be sent, in
  /// the caller. Errors per record: see code_of in library.h. Records of one key keep their order.
  void produce(std::vector<OutgoingRecord> records, ProduceDone done);

  /// Waits up to `grace` for what is under way, then gives the rest up (shutting_down) and waits for their reports.
  /// Blocking; may be repeated; not from within a report. produce() must not be called any more.
  void stop(std::chrono::milliseconds grace);

  /// For tests: breaks the library's instance for good, as it does where its numbering of records fails.
  void break_instance();

 private:
  struct Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::kafka
