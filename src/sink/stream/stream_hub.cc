#include "sink/stream/stream_hub.h"

#include <algorithm>

#include "sink/stream/hub_core.h"

namespace schedules {

using Core = StreamSubscription::Core;

StreamSubscription::Core::Core(TailStore& tail_store, Executor& fan_out_executor, Executor& replay_executor,
                               StreamOptions given)
    : tail(tail_store),
      fan_out(fan_out_executor),
      replay(replay_executor),
      options(given),
      edge(tail_store.tail_range().last) {}

bool StreamSubscription::Core::has_room(const Reader& reader) const {
  return reader.queued_bytes < options.queue_bytes && reader.queued_messages < options.queue_messages;
}

void StreamSubscription::Core::push(const ReaderPtr& reader, StreamChunkPtr chunk, Calls& calls) {
  reader->queued_bytes += chunk->bytes.size();
  reader->queued_messages += chunk->messages;
  reader->queue.push_back(std::move(chunk));
  if (std::exchange(reader->waiting, false)) calls.ready.push_back(reader);
}

void StreamSubscription::Core::publish(FiredBatch batch) {
  {
    const std::scoped_lock lock(mutex);
    if (closed) return;
    if (readers.empty() && backlog.empty() && !fanning_out) {
      edge = std::max(edge, batch.last);
      return;
    }
    if (backlog_bytes + batch.bytes > options.backlog_bytes) {
      batch.messages.clear();
      batch.bytes = 0;
    }
    backlog_bytes += batch.bytes;
    backlog.push_back(std::move(batch));
    if (std::exchange(fanning_out, true)) return;
    ++tasks;
  }
  fan_out.post([core = shared_from_this()] { core->run_fan_out(); });
}

void StreamSubscription::Core::run_fan_out() {
  std::unique_lock lock(mutex);
  while (!closed && !backlog.empty()) {
    const FiredBatch batch = std::move(backlog.front());
    backlog.pop_front();
    backlog_bytes -= batch.bytes;
    // Formatted once for all readers that want the same, and with the mutex free: who comes to be live meanwhile
    // finds no chunks for its filter and reads the tail once more.
    std::unordered_map<std::string, std::pair<TopicFilter, Chunks>> formatted;
    for (const auto& reader : readers) {
      if (!batch.messages.empty() && reader->live && has_room(*reader)) {
        formatted.try_emplace(reader->filter.key(), reader->filter, Chunks{});
      }
    }
    lock.unlock();
    for (auto& [key, filtered] : formatted) {
      SseWriter writer(options.chunk_bytes);
      for (size_t i = 0; i < batch.messages.size(); ++i) {
        const auto& message = batch.messages[i];
        if (filtered.first.matches(message.topic)) writer.add(batch.first + i, message.topic, message.message);
      }
      filtered.second = writer.take();
    }
    lock.lock();
    edge = std::max(edge, batch.last);
    Calls calls;
    for (const auto& reader : readers) {
      const auto found = formatted.find(reader->filter.key());
      offer(reader, batch, found == formatted.end() ? nullptr : &found->second.second, calls);
    }
    lock.unlock();
    make(std::move(calls));
    lock.lock();
  }
  fanning_out = false;
  end_task();
}

void StreamSubscription::Core::offer(const ReaderPtr& reader, const FiredBatch& batch, const Chunks* chunks,
                                     Calls& calls) {
  if (batch.last < reader->next) return;  // it has them from the tail
  if (!reader->live || chunks == nullptr || batch.first != reader->next) {
    reader->live = false;
    want_catch_up(reader, calls);
    return;
  }
  for (const auto& chunk : *chunks) {
    if (!has_room(*reader)) {
      reader->live = false;  // next() sends it to the tail once there is room
      return;
    }
    push(reader, chunk, calls);
    reader->next = chunk->last + 1;
  }
  reader->next = batch.last + 1;
}

void StreamSubscription::Core::want_catch_up(const ReaderPtr& reader, Calls& calls) {
  if (reader->catching_up || reader->gone || closed || reader->failed || !has_room(*reader)) return;
  reader->catching_up = true;
  ++tasks;
  calls.catch_up.push_back(reader);
}

void StreamSubscription::Core::make(Calls calls) {
  for (auto& reader : calls.catch_up) {
    replay.post([core = shared_from_this(), reader] { core->catch_up(reader); });
  }
  for (auto& reader : calls.ready) {
    const std::scoped_lock lock(reader->ready_mutex);
    if (reader->on_ready) reader->on_ready();
  }
}

void StreamSubscription::Core::end_task() {
  if (--tasks == 0) idle.notify_all();
}

void StreamSubscription::Core::close() {
  Calls calls;
  {
    const std::scoped_lock lock(mutex);
    closed = true;
    backlog.clear();
    backlog_bytes = 0;
    for (const auto& reader : readers) {
      if (std::exchange(reader->waiting, false)) calls.ready.push_back(reader);
    }
  }
  make(std::move(calls));
}

void StreamSubscription::Core::remove(const ReaderPtr& reader) {
  const std::scoped_lock lock(mutex);
  reader->gone = true;
  std::erase(readers, reader);
}

StreamSubscription::StreamSubscription(std::shared_ptr<Core> core, std::shared_ptr<Reader> reader)
    : core_(std::move(core)), reader_(std::move(reader)) {}

StreamSubscription::~StreamSubscription() {
  core_->remove(reader_);
  const std::scoped_lock lock(reader_->ready_mutex);
  reader_->on_ready = nullptr;
}

Result<StreamChunkPtr> StreamSubscription::next() {
  Core::Calls calls;
  StreamChunkPtr chunk;
  {
    const std::scoped_lock lock(core_->mutex);
    auto& queue = reader_->queue;
    if (!queue.empty()) {
      chunk = std::move(queue.front());
      queue.pop_front();
      reader_->queued_bytes -= chunk->bytes.size();
      reader_->queued_messages -= chunk->messages;
    } else if (reader_->failed) {
      return fail(*reader_->failed);
    } else if (core_->closed) {
      return fail(Code::shutting_down, "the stream ends: the scheduler is stopping");
    } else {
      reader_->waiting = true;
    }
    // Half empty before it is filled again, so that pages of the tail are worth their read.
    const bool half_empty = reader_->queued_bytes * 2 <= core_->options.queue_bytes &&
                            reader_->queued_messages * 2 <= core_->options.queue_messages;
    if (!reader_->live && half_empty && reader_->next <= core_->edge) core_->want_catch_up(reader_, calls);
  }
  core_->make(std::move(calls));
  return chunk;
}

StreamHub::StreamHub(TailStore& tail, Executor& fan_out, Executor& replay, StreamOptions options)
    : core_(std::make_shared<Core>(tail, fan_out, replay, options)) {}

StreamHub::~StreamHub() {
  core_->close();
  std::unique_lock lock(core_->mutex);
  core_->idle.wait(lock, [this] { return core_->tasks == 0; });
}

Result<std::unique_ptr<StreamSubscription>> StreamHub::subscribe(SubscribeOptions options,
                                                                 std::function<void()> on_ready) {
  auto reader = std::make_shared<StreamSubscription::Reader>(std::move(options.filter), std::move(on_ready));
  Core::Calls calls;
  {
    const std::scoped_lock lock(core_->mutex);
    if (core_->closed) return fail(Code::shutting_down, "the scheduler is stopping");
    if (core_->readers.size() >= core_->options.max_readers) {
      return fail(Code::overloaded, "{} readers follow the stream already", core_->readers.size());
    }
    core_->readers.push_back(reader);
    reader->next = options.after ? *options.after + 1 : core_->edge + 1;
    reader->live = !options.after || *options.after == core_->edge;
    if (!reader->live) core_->want_catch_up(reader, calls);
  }
  core_->make(std::move(calls));
  return std::unique_ptr<StreamSubscription>(new StreamSubscription(core_, std::move(reader)));
}

bool StreamHub::has_readers() const { return readers() > 0; }

size_t StreamHub::readers() const {
  const std::scoped_lock lock(core_->mutex);
  return core_->readers.size();
}

void StreamHub::publish(uint64_t first, size_t count, std::vector<StreamMessage> messages) {
  if (count == 0) return;
  Core::FiredBatch batch{.first = first, .last = first + count - 1, .messages = std::move(messages)};
  if (batch.messages.size() != count) batch.messages.clear();
  for (const auto& one : batch.messages) batch.bytes += one.topic.size() + one.message.size();
  core_->publish(std::move(batch));
}

void StreamHub::close() { core_->close(); }

}  // namespace schedules
