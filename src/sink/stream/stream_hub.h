// Readers of the stream: each gets every message of its topics once and in order, from where it asks on, first from
// the durable tail, then live, without a seam. A slow reader costs a bounded queue: when that is full, the reader
// goes on from the tail once it has taken what is queued. Neither the engine nor other readers wait for it.
// Thread-safe.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "sink/stream/sse.h"
#include "sink/tail_store.h"

namespace schedules {

struct StreamOptions {
  size_t max_readers = 256;
  size_t queue_bytes = 4UL * 1024 * 1024;     ///< of one reader; exceeded by one chunk at most
  size_t queue_messages = 32'768;             ///< as queue_bytes
  size_t chunk_bytes = 128UL * 1024;          ///< exceeded by one message at most
  size_t backlog_bytes = 32UL * 1024 * 1024;  ///< fired but not yet handed out; beyond it readers use the tail
};

struct SubscribeOptions {
  TopicFilter filter;
  /// The last sequence that the reader has (Last-Event-ID); 0: all that is kept. Absent: only what fires from now
  /// on. A sequence that was never given (the tail was lost) is answered with a gap and all that is kept.
  std::optional<uint64_t> after;
};

class StreamHub;

/// One reader's place in the stream. next() from one thread at a time.
class StreamSubscription {
 public:
  struct Reader;
  struct Core;

  /// Unsubscribes; on_ready is not running afterwards and not called again. Not from within on_ready.
  ~StreamSubscription();
  StreamSubscription(const StreamSubscription&) = delete;
  StreamSubscription& operator=(const StreamSubscription&) = delete;

  /// The next chunk, or null when there is none now: then on_ready is called once when there is more, or an error.
  /// Never blocks on storage. Errors, final: io_error and the like when the tail cannot be read, shutting_down.
  Result<StreamChunkPtr> next();

 private:
  friend class StreamHub;
  StreamSubscription(std::shared_ptr<Core> core, std::shared_ptr<Reader> reader);

  std::shared_ptr<Core> core_;
  std::shared_ptr<Reader> reader_;
};

class StreamHub {
 public:
  /// The tail and the executors must outlive the hub. `fan_out` formats and hands out, `replay` reads the tail.
  StreamHub(TailStore& tail, Executor& fan_out, Executor& replay, StreamOptions options = {});
  /// As close(), and waits for the work on the executors. Subscriptions may live longer.
  ~StreamHub();

  /// `on_ready` is called on an executor of the hub; it must not block nor call next() itself: it hands over to the
  /// reader's own thread. Errors: overloaded, shutting_down.
  Result<std::unique_ptr<StreamSubscription>> subscribe(SubscribeOptions options, std::function<void()> on_ready);
  /// Whether it is worth giving publish() the messages themselves.
  [[nodiscard]] bool has_readers() const;
  [[nodiscard]] size_t readers() const;
  /// Messages which are durable in the tail under `first`, `first`+1, …: `count` of them, and either all their
  /// texts or none (then readers fetch them from the tail). Returns at once.
  void publish(uint64_t first, size_t count, std::vector<StreamMessage> messages);
  /// Ends every subscription with shutting_down, and refuses new ones.
  void close();

 private:
  std::shared_ptr<StreamSubscription::Core> core_;
};

}  // namespace schedules
