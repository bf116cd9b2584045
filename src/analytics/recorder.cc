#include "analytics/recorder.h"

#include <algorithm>
#include <iterator>

#include "base/log.h"

namespace schedules {

Recorder::Recorder(ExecutionStore& executions, ScheduleCounters& counters, RecorderOptions options, RecorderCalls calls)
    : executions_(executions), counters_(counters), options_(options), calls_(std::move(calls)) {}

void Recorder::record(std::vector<Execution> executions) {
  uint64_t dropped = 0;
  {
    const std::scoped_lock lock(mutex_);
    for (auto& execution : executions) {
      if (!options_.plain_events && execution.schedule_id.empty()) continue;
      execution.waited_far = execution.schedule_id.empty() && execution.accepted_at != TimePoint{} &&
                             execution.due_at - execution.accepted_at > options_.far_beyond;
      if (!options_.hold_back && queue_.size() >= options_.queue_limit) {
        ++dropped;
        continue;
      }
      queue_.push_back(std::move(execution));
    }
    dropped_ += dropped;
  }
  if (dropped > 0) log::error("recorder.dropped", {{"executions", std::to_string(dropped)}});
  write_next();
}

bool Recorder::has_room() {
  const std::scoped_lock lock(mutex_);
  if (!options_.hold_back || queue_.size() < options_.queue_limit) return true;
  was_full_ = true;
  return false;
}

// One batch is under way at a time; its completion starts the next.
void Recorder::write_next() {
  std::vector<Execution> batch;
  {
    const std::scoped_lock lock(mutex_);
    if (under_way_ > 0 || queue_.empty()) return;
    if (resting_ && !flushing_ && queue_.size() < options_.batch) return;
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(options_.batch, queue_.size()));
    batch.assign(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    under_way_ = batch.size();
  }
  rest();
  const ExecutionBatch shared(std::move(batch));
  executions_.append(shared, [this, shared](const Result<void>& result) { written(result, *shared); });
}

void Recorder::rest() {
  if (options_.gather.count() == 0) return;
  {
    const std::scoped_lock lock(mutex_);
    if (std::exchange(resting_, true)) return;
  }
  calls_.later(options_.gather, [this] {
    {
      const std::scoped_lock lock(mutex_);
      resting_ = false;
      if (failures_ > 0) return;  // a tick tries again
    }
    write_next();
  });
}

void Recorder::written(const Result<void>& result, const std::vector<Execution>& batch) {
  bool room_again = false;
  if (result) count(batch);
  {
    const std::scoped_lock lock(mutex_);
    under_way_ = 0;
    if (result) {
      failures_ = 0;
    } else {
      if (failures_++ % 100 == 0) {
        log::warn("recorder.append_failed",
                  {{"executions", std::to_string(batch.size())}, {"error", result.error().detail}});
      }
      // Kept at the front and tried again with the next record: history has no gap after an outage.
      queue_.insert(queue_.begin(), batch.begin(), batch.end());
    }
    if (was_full_ && queue_.size() < options_.queue_limit / 2) {
      was_full_ = false;
      room_again = true;
    }
    if (queue_.empty()) idle_.notify_all();
  }
  if (room_again) calls_.has_room_again();
  if (result) write_next();
}

void Recorder::count(const std::vector<Execution>& batch) {
  std::vector<ExecutionNote> notes;
  for (const auto& execution : batch) {
    if (execution.schedule_id.empty()) continue;
    notes.push_back(ExecutionNote{.schedule_id = execution.schedule_id,
                                  .at = execution.executed_at,
                                  .status = execution.status,
                                  .error = execution.error});
  }
  if (!notes.empty()) counters_.note_executions(std::move(notes), [](const Result<void>&) {});
}

bool Recorder::flush(std::chrono::milliseconds timeout) {
  {
    const std::scoped_lock lock(mutex_);
    flushing_ = true;
  }
  write_next();
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return queue_.empty() && under_way_ == 0; });
}

uint64_t Recorder::dropped() {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

size_t Recorder::waiting() {
  const std::scoped_lock lock(mutex_);
  return queue_.size() + under_way_;
}

}  // namespace schedules
