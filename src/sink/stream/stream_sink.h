// The stream sink: fired messages go into the durable tail, then to those who follow the stream. The default where no
// Kafka is configured.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/executor.h"
#include "sink/sink.h"
#include "sink/stream/stream_hub.h"
#include "sink/tail_store.h"

namespace schedules {

struct StreamTail {
  std::chrono::seconds keep_for = std::chrono::hours(1);
  uint64_t keep_messages = 1'000'000;
};

class StreamSink final : public Sink {
 public:
  /// Messages are made on `work`. Tail, hub and executor must outlive the sink.
  StreamSink(TailStore& tail, StreamHub& hub, Executor& work, StreamTail keep = {});
  /// Waits until all that was published is reported; so the tail must still answer.
  ~StreamSink() override;

  [[nodiscard]] std::string_view name() const override { return "stream"; }
  [[nodiscard]] size_t batch_limit() const override { return 1024; }
  [[nodiscard]] std::string lane_of(const Event& event) const override;
  /// Delivered once it is durable: position is the sequence. A failed append is a retry of the whole batch.
  void publish(std::vector<Delivery> deliveries, Published done) override;

  /// Drops from the tail what is over its age or number. To be called now and then.
  void trim(TimePoint now, Done<void> done);

 private:
  void append(std::vector<Delivery> deliveries, Published done);
  void report(Published& done, Reports reports);

  TailStore& tail_;
  StreamHub& hub_;
  Executor& work_;
  StreamTail keep_;

  std::mutex mutex_;
  std::condition_variable idle_;
  size_t under_way_ = 0;  ///< guarded by mutex_; publishes not yet reported
};

}  // namespace schedules
