// Reads one partition from an offset to its present end, committed records only; no group. One thread owns it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "kafka/options.h"
#include "kafka/record.h"
#include "time/clock.h"

namespace schedules::kafka {

struct Span {
  int64_t begin = 0;  ///< the first offset that is there
  int64_t end = 0;    ///< behind the last, whether committed or not
};

/// What is handed on of a record; views are good during the call only.
struct RecordView {
  int64_t offset = 0;
  std::string_view key;
  std::optional<std::string_view> value;
  std::optional<std::string> header;  ///< the value of the one that was asked for
};

class PartitionReader {
 public:
  /// The clock must outlive it.
  static Result<std::unique_ptr<PartitionReader>> open(const KafkaOptions& options, const Clock& clock);
  ~PartitionReader();

  Result<Span> span(const std::string& topic, int32_t partition);
  /// All that is committed from `from` up to `until`. A transaction that is open is waited for. `header`: which one is
  /// handed on. Errors: unavailable, where nothing comes for `patience`; not_found;
  /// shutting_down, where give_up() says so.
  Status read(const std::string& topic, int32_t partition, int64_t from, int64_t until, const std::string& header,
              std::chrono::milliseconds patience, const std::function<void(const RecordView&)>& take,
              const std::function<bool()>& give_up = nullptr);

 private:
  struct Impl;
  explicit PartitionReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::kafka
