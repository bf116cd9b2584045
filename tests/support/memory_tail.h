// A TailStore in memory, for tests. Answers at once, on the caller's thread, unless told to hold its answers.
#pragma once

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "sink/tail_store.h"

namespace schedules::testing {

class MemoryTail final : public TailStore {
 public:
  void append_tail(std::vector<TailMessage> messages, Done<uint64_t> done) override {
    std::unique_lock lock(mutex_);
    if (append_error_) {
      const Error error = *append_error_;
      lock.unlock();
      done(fail(error));
      return;
    }
    const uint64_t first = last_ + 1;
    for (auto& message : messages) {
      message.sequence = ++last_;
      kept_.push_back(std::move(message));
    }
    if (holding_) {
      held_.emplace_back(first, std::move(done));
      return;
    }
    lock.unlock();
    done(first);
  }

  Result<std::vector<TailMessage>> read_tail(uint64_t from, size_t limit) override {
    const std::scoped_lock lock(mutex_);
    ++reads_;
    if (read_error_) return fail(*read_error_);
    std::vector<TailMessage> out;
    auto at = std::ranges::lower_bound(kept_, from, {}, &TailMessage::sequence);
    for (; at != kept_.end() && out.size() < limit; ++at) {
      if (at->sequence < hidden_first_ || at->sequence > hidden_last_) out.push_back(*at);
    }
    return out;
  }

  TailRange tail_range() override {
    const std::scoped_lock lock(mutex_);
    return {.first = kept_.empty() ? 0 : kept_.front().sequence, .last = last_};
  }

  void trim_tail(TimePoint before, uint64_t keep, Done<void> done) override {
    {
      const std::scoped_lock lock(mutex_);
      while (!kept_.empty() && (kept_.front().at < before || kept_.size() > keep)) kept_.pop_front();
    }
    done({});
  }

  /// From now on; nullopt: works again.
  void fail_appends(std::optional<Error> error) {
    const std::scoped_lock lock(mutex_);
    append_error_ = std::move(error);
  }
  void fail_reads(std::optional<Error> error) {
    const std::scoped_lock lock(mutex_);
    read_error_ = std::move(error);
  }
  /// Appends are made, but answered only by answer_held().
  void hold_answers() {
    const std::scoped_lock lock(mutex_);
    holding_ = true;
  }
  /// Answers the held appends, the last one first if `backwards`.
  void answer_held(bool backwards) {
    std::unique_lock lock(mutex_);
    auto held = std::exchange(held_, {});
    lock.unlock();
    if (backwards) std::ranges::reverse(held);
    for (auto& [first, done] : held) done(first);
  }
  /// These are not read, as if not yet visible; 0, 0: all are.
  void hide(uint64_t first, uint64_t last) {
    const std::scoped_lock lock(mutex_);
    hidden_first_ = first;
    hidden_last_ = last;
    if (first == 0) hidden_first_ = UINT64_MAX;
  }
  [[nodiscard]] size_t reads() const {
    const std::scoped_lock lock(mutex_);
    return reads_;
  }
  [[nodiscard]] std::vector<TailMessage> kept() const {
    const std::scoped_lock lock(mutex_);
    return {kept_.begin(), kept_.end()};
  }

 private:
  mutable std::mutex mutex_;
  std::deque<TailMessage> kept_;
  uint64_t last_ = 0;
  size_t reads_ = 0;
  uint64_t hidden_first_ = UINT64_MAX;
  uint64_t hidden_last_ = 0;
  std::optional<Error> append_error_;
  std::optional<Error> read_error_;
  bool holding_ = false;
  std::deque<std::pair<uint64_t, Done<uint64_t>>> held_;
};

}  // namespace schedules::testing
