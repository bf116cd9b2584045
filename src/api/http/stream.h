// The queue between whoever writes a streamed response and the connection that sends it. Thread-safe.
#pragma once

#include <mutex>
#include <string>

#include "api/http/message.h"

namespace schedules::http {

class StreamQueue final : public StreamWriter {
 public:
  /// `wake` is called (on any thread) when there is something to take or the writer closed; `limit` bounds
  /// what waits, in bytes.
  StreamQueue(size_t limit, std::function<void()> wake) : limit_(limit), wake_(std::move(wake)) {}

  bool write(std::string_view text) override;
  void when_sent(Task task) override;
  void close() override;

  struct Taken {
    std::string text;    ///< empty: nothing waits
    bool ended = false;  ///< the writer closed, and `text` is the last of it
    bool overrun = false;
  };
  /// For the connection: takes all that waits. When it takes nothing, the next write wakes again.
  Taken take();
  /// For the connection: the reader is gone, writes fail from now on.
  void abandon();

 private:
  const size_t limit_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::string waiting_;
  bool awake_ = false;
  bool closed_ = false;
  bool overrun_ = false;
  Task sent_;
};

}  // namespace schedules::http
