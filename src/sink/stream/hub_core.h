// The hub's inner state. Internal to this room.
//
// A reader is live, and then gets batches as they are published, or behind, and then a task on the replay executor
// brings pages of the tail into its queue. It becomes live, under the mutex, when its next sequence is beyond all
// that was handed out; it falls behind when a batch does not fit its queue or does not join on to what it has. So a
// batch that comes out of order, twice, or without its texts costs a read of the tail, never a message.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "sink/stream/stream_hub.h"

namespace schedules {

struct StreamSubscription::Reader {
  const TopicFilter filter;

  // Guarded by Core::mutex.
  std::deque<StreamChunkPtr> queue;
  size_t queued_bytes = 0;
  size_t queued_messages = 0;
  uint64_t next = 1;  ///< the first sequence that is not in the queue and was not taken
  bool live = false;
  bool catching_up = false;  ///< a replay task is posted or runs
  bool waiting = false;      ///< next() answered null, on_ready is owed
  bool gone = false;
  size_t page = 64;  ///< messages to read at a time, fitted to their size
  std::optional<Error> failed;

  std::mutex ready_mutex;          ///< never locked while Core::mutex is held
  std::function<void()> on_ready;  ///< guarded by ready_mutex

  Reader(TopicFilter wanted, std::function<void()> ready) : filter(std::move(wanted)), on_ready(std::move(ready)) {}
};

struct StreamSubscription::Core : std::enable_shared_from_this<Core> {
  using ReaderPtr = std::shared_ptr<Reader>;
  using Chunks = std::vector<StreamChunkPtr>;
  struct FiredBatch {
    uint64_t first = 0;
    uint64_t last = 0;
    std::vector<StreamMessage> messages;  ///< none: read them from the tail
    size_t bytes = 0;
  };
  /// What is owed to readers once the mutex is free.
  struct Calls {
    std::vector<ReaderPtr> ready;
    std::vector<ReaderPtr> catch_up;
  };

  TailStore& tail;
  Executor& fan_out;
  Executor& replay;
  const StreamOptions options;

  mutable std::mutex mutex;
  std::condition_variable idle;
  // All below guarded by mutex.
  std::vector<ReaderPtr> readers;
  std::deque<FiredBatch> backlog;
  size_t backlog_bytes = 0;
  bool fanning_out = false;
  uint64_t edge = 0;  ///< the last sequence that was handed out to live readers
  size_t tasks = 0;   ///< posted or running on the executors
  bool closed = false;

  Core(TailStore& tail_store, Executor& fan_out_executor, Executor& replay_executor, StreamOptions given);

  void publish(FiredBatch batch);
  void run_fan_out();
  void close();
  void remove(const ReaderPtr& reader);

  // With the mutex held.
  [[nodiscard]] bool has_room(const Reader& reader) const;
  void push(const ReaderPtr& reader, StreamChunkPtr chunk, Calls& calls);
  void offer(const ReaderPtr& reader, const FiredBatch& batch, const Chunks* chunks, Calls& calls);
  void want_catch_up(const ReaderPtr& reader, Calls& calls);
  void end_task();

  // Without it.
  void make(Calls calls);
  void catch_up(const ReaderPtr& reader);

 private:
  bool catch_up_page(const ReaderPtr& reader);
};

}  // namespace schedules
