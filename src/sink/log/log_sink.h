// The log sink: one line of JSON per fired event, appended to a file or written to stdout:
//   {"topic":"orders.created","headers":{"event_id":"…", …},"message":{…}}
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "sink/sink.h"

namespace schedules {

struct LogOptions {
  std::string path;   ///< empty or "-": stdout
  bool sync = false;  ///< fsync before a batch counts as delivered
  size_t batch_limit = 1024;
};

class LogSink final : public Sink {
 public:
  /// Opens the file for appending, creating it (0640) where it is missing. Errors: io_error.
  static Result<std::unique_ptr<LogSink>> open(LogOptions options);
  /// Writes what was published, then closes.
  ~LogSink() override;

  [[nodiscard]] std::string_view name() const override { return "log"; }
  [[nodiscard]] size_t batch_limit() const override;
  [[nodiscard]] std::string lane_of(const Event& event) const override;
  /// Written before it is reported; position is the line's byte offset in a file, empty elsewhere. A write that
  /// fails (disk full) is a retry of the whole batch, of which no torn line is left in a file.
  void publish(std::vector<Delivery> deliveries, Published done) override;

  /// For log rotation: what is published from now on goes to a file newly opened under the same path. If that
  /// fails, the old one stays in use. Blocking; thread-safe. Errors: io_error.
  Status reopen();

 private:
  struct Impl;
  explicit LogSink(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
