// Fired messages as server-sent events, in chunks that many readers share. Pure functions and values.
//
//   id: 4711
//   event: orders.created          the topic
//   data: {"event_id":"…", …}      the fired message, unchanged but for line breaks between its tokens
//
// A reader that asks for messages which are not kept any more is told so by a gap, which has no id:
//
//   event: gap
//   data: {"asked":1,"next":4711}
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules {

/// Ready to be written to a reader. Shared between threads, hence const.
struct StreamChunk {
  std::string bytes;
  uint64_t last = 0;  ///< sequence of the last message in it
  size_t messages = 0;
};
using StreamChunkPtr = std::shared_ptr<const StreamChunk>;

/// A message as the hub needs it.
struct StreamMessage {
  std::string topic;
  std::string message;
};

/// Which topics a reader wants: exact names, or the start of a name followed by '*'. Immutable.
class TopicFilter {
 public:
  /// All topics.
  TopicFilter() = default;
  /// No patterns: all topics. Errors: invalid_argument (a '*' elsewhere than at the end), too_long, out_of_range
  /// (more than 64 patterns); field "topic".
  static Result<TopicFilter> parse(std::span<const std::string> patterns);

  [[nodiscard]] bool matches(std::string_view topic) const;
  /// Equal for filters that want the same, for sharing chunks.
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  std::vector<std::string> exact_;  ///< sorted
  std::vector<std::string> starts_;
  std::string key_;
};

void append_sse(std::string& out, uint64_t sequence, std::string_view topic, std::string_view message);
std::string gap_sse(uint64_t asked, uint64_t next);

/// Collects messages into chunks of about `chunk_bytes`.
class SseWriter {
 public:
  explicit SseWriter(size_t chunk_bytes) : chunk_bytes_(chunk_bytes) {}
  void add(uint64_t sequence, std::string_view topic, std::string_view message);
  /// All chunks so far; the writer is empty again.
  std::vector<StreamChunkPtr> take();

 private:
  void cut();

  size_t chunk_bytes_;
  std::shared_ptr<StreamChunk> open_;
  std::vector<StreamChunkPtr> done_;
};

}  // namespace schedules
