// Partition readers to use again: one that is new takes up to a second to find its broker. Thread-safe; a reader that
// was taken is its taker's.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "kafka/partition_reader.h"

namespace schedules::kafka {

class ReaderPool {
 public:
  /// At most `kept` are kept for later. The clock must outlive it and what was taken.
  ReaderPool(KafkaOptions options, const Clock& clock, size_t kept)
      : options_(std::move(options)), clock_(clock), kept_(kept) {}

  Result<std::unique_ptr<PartitionReader>> take() {
    {
      const std::scoped_lock lock(mutex_);
      if (!idle_.empty()) {
        auto reader = std::move(idle_.back());
        idle_.pop_back();
        return reader;
      }
    }
    return PartitionReader::open(options_, clock_);
  }
  /// Only one that served well.
  void give_back(std::unique_ptr<PartitionReader> reader) {
    const std::scoped_lock lock(mutex_);
    if (idle_.size() < kept_) idle_.push_back(std::move(reader));
  }

 private:
  const KafkaOptions options_;
  const Clock& clock_;
  const size_t kept_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<PartitionReader>> idle_;
};

}  // namespace schedules::kafka
