// Bringing a reader that is behind up to the edge, from the durable tail. Runs on the replay executor, one task at
// most per reader; it ends when the queue is full, when the reader is live, or when the tail has no more.
#include <algorithm>

#include "sink/stream/hub_core.h"

namespace schedules {
namespace {

constexpr size_t kMinPage = 8;
constexpr size_t kMaxPage = 1024;

/// A page as large as fits the queue, judged by the last one.
size_t next_page(size_t messages, size_t bytes, size_t queue_bytes) {
  if (messages == 0) return kMinPage;
  const size_t each = std::max<size_t>(bytes / messages, 1);
  return std::clamp(queue_bytes / 2 / each, kMinPage, kMaxPage);
}

/// How many of the messages follow `from` without a hole; a hole is a batch whose append is not yet visible.
size_t contiguous(const std::vector<TailMessage>& messages, uint64_t from) {
  size_t count = 0;
  while (count < messages.size() && messages[count].sequence == from + count) ++count;
  return count;
}

}  // namespace

void StreamSubscription::Core::catch_up(const ReaderPtr& reader) {
  while (catch_up_page(reader)) {
  }
  const std::scoped_lock lock(mutex);
  end_task();
}

/// Returns whether there may be more to do; else the reader is no longer catching up.
bool StreamSubscription::Core::catch_up_page(const ReaderPtr& reader) {
  std::unique_lock lock(mutex);
  const auto stop = [&] {
    reader->catching_up = false;
    return false;
  };
  if (closed || reader->gone || !has_room(*reader)) return stop();
  if (reader->next == edge + 1) {
    reader->live = true;
    return stop();
  }
  const uint64_t from = reader->next;
  const size_t page = reader->page;
  lock.unlock();

  const TailRange range = tail.tail_range();
  const uint64_t next = range.first == 0 ? range.last + 1 : range.first;  // the oldest that is kept
  if (next > from || from > range.last + 1) {
    // Trimmed away; or from a tail that was lost, and then all that is kept is new to the reader.
    Calls calls;
    lock.lock();
    push(reader, std::make_shared<StreamChunk>(StreamChunk{.bytes = gap_sse(from, next), .last = next - 1}), calls);
    reader->next = next;
    lock.unlock();
    make(std::move(calls));
    return true;
  }
  auto read = tail.read_tail(from, page);
  SseWriter writer(options.chunk_bytes);
  size_t count = 0;
  size_t bytes = 0;
  if (read) {
    count = contiguous(*read, from);
    for (size_t i = 0; i < count; ++i) {
      const auto& one = (*read)[i];
      bytes += one.message.size() + one.topic.size();
      if (reader->filter.matches(one.topic)) writer.add(one.sequence, one.topic, one.message);
    }
  }
  const bool trimmed_meanwhile = read && !read->empty() && count == 0 && tail.tail_range().first > from;

  Calls calls;
  bool more = true;
  lock.lock();
  if (!read) {
    reader->failed = std::move(read.error());
    if (std::exchange(reader->waiting, false)) calls.ready.push_back(reader);
  }
  for (auto& chunk : writer.take()) push(reader, std::move(chunk), calls);
  reader->next = from + count;
  if (count > 0) reader->page = next_page(count, bytes, options.queue_bytes);
  if (reader->next > edge) reader->live = true;
  // Nothing to read below the edge: the batch is durable but not yet visible. The next publish comes back to it.
  const bool stuck = count == 0 && !trimmed_meanwhile;
  if (reader->live || reader->failed || stuck) more = stop();
  lock.unlock();
  make(std::move(calls));
  return more;
}

}  // namespace schedules
