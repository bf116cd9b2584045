// A reader of the stream, as an HTTP client would see it.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "sink/stream/stream_hub.h"
#include "tests/support/memory_tail.h"

namespace schedules::testing {

struct SseEvent {
  uint64_t id = 0;  ///< 0: none
  std::string event;
  std::string data;
};

/// Strict about the form that sse.h promises.
inline std::vector<SseEvent> parse_sse(std::string_view bytes) {
  std::vector<SseEvent> out;
  SseEvent one;
  while (!bytes.empty()) {
    const size_t end = bytes.find('\n');
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(std::min(end, bytes.size() - 1) + 1);
    if (line.empty()) {
      out.push_back(std::exchange(one, {}));
    } else if (line.starts_with("id: ")) {
      one.id = std::stoull(std::string(line.substr(4)));
    } else if (line.starts_with("event: ")) {
      one.event = line.substr(7);
    } else if (line.starts_with("data: ") && one.data.empty()) {
      one.data = line.substr(6);
    } else {
      ADD_FAILURE() << "not a line of ours: " << line;
    }
  }
  return out;
}

class StreamReader {
 public:
  StreamReader(StreamHub& hub, std::optional<uint64_t> after, std::vector<std::string> topics = {}) {
    auto filter = TopicFilter::parse(topics).value();
    auto made = hub.subscribe({.filter = std::move(filter), .after = after}, [this] {
      const std::scoped_lock lock(mutex_);
      ready_ = true;
      ++calls_;
      changed_.notify_one();
    });
    EXPECT_TRUE(made);
    if (made) subscription_ = std::move(*made);
  }

  StreamSubscription& subscription() { return *subscription_; }
  [[nodiscard]] size_t ready_calls() const {
    const std::scoped_lock lock(mutex_);
    return calls_;
  }

  /// What is there now.
  std::vector<SseEvent> take() {
    std::vector<SseEvent> out;
    while (true) {
      auto chunk = subscription_->next();
      if (!chunk) {
        error_ = chunk.error();
        return out;
      }
      if (*chunk == nullptr) return out;
      for (auto& one : parse_sse((*chunk)->bytes)) out.push_back(std::move(one));
    }
  }
  std::vector<uint64_t> take_ids() {
    std::vector<uint64_t> ids;
    for (const auto& one : take()) ids.push_back(one.id);
    return ids;
  }
  /// Waits for on_ready, if next() asked for it.
  void wait_ready() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(60), [this] { return ready_; })) ADD_FAILURE() << "never ready";
    ready_ = false;
  }
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;
  size_t calls_ = 0;
  std::optional<Error> error_;
  std::unique_ptr<StreamSubscription> subscription_;  ///< last: it ends before what on_ready uses
};

inline std::vector<uint64_t> sequence(uint64_t first, uint64_t last) {
  std::vector<uint64_t> out;
  for (uint64_t i = first; i <= last; ++i) out.push_back(i);
  return out;
}

/// Messages into the tail and through the hub, as the sink does it.
class StreamFeed {
 public:
  StreamFeed(MemoryTail& tail, StreamHub& hub) : tail_(tail), hub_(hub) {}

  void fire(size_t count, const std::string& topic = "t", const std::string& message = "{}") {
    const uint64_t first = store(count, topic, message);
    hub_.publish(first, count, std::vector<StreamMessage>(count, {topic, message}));
  }
  /// Only into the tail; answers the first sequence.
  uint64_t store(size_t count, const std::string& topic = "t", const std::string& message = "{}") {
    std::vector<TailMessage> messages(count, TailMessage{.at = at, .topic = topic, .message = message});
    uint64_t given = 0;
    tail_.append_tail(std::move(messages), [&](Result<uint64_t> first) { given = first.value(); });
    return given;
  }
  void announce(uint64_t first, size_t count) {
    hub_.publish(first, count, std::vector<StreamMessage>(count, {"t", "{}"}));
  }

  TimePoint at{};

 private:
  MemoryTail& tail_;
  StreamHub& hub_;
};

}  // namespace schedules::testing
