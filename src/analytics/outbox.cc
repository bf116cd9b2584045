#include "analytics/outbox.h"

#include "base/log.h"

namespace schedules {

ExecutionOutbox::ExecutionOutbox(ExecutionStore& store, ExecutionSpool& spool, const Clock& clock,
                                 OutboxOptions options)
    : store_(store), spool_(spool), clock_(clock), options_(options) {
  spool_.size([this](const Result<SpoolSize>& size) {  // what an earlier process left
    const std::scoped_lock lock(mutex_);
    if (size) figures_.waiting += size->executions;
  });
}

void ExecutionOutbox::append(ExecutionBatch executions, Done<void> done) {
  if (executions->empty()) return done({});
  const size_t count = executions->size();
  spool_.put(executions, [this, count, executions, done = std::move(done)](const Result<void>& put) mutable {
    if (!put) return keep_directly(std::move(executions), put.error(), std::move(done));
    {
      const std::scoped_lock lock(mutex_);
      more_ = came_since_ = true;
      figures_.waiting += count;
    }
    done({});
    send_next(Now::when_due);
  });
}

// The spool is full, or its disk is: the server may still be there.
void ExecutionOutbox::keep_directly(ExecutionBatch executions, Error spool_fault, Done<void> done) {
  const size_t count = executions->size();
  bool failing = false;
  {
    const std::scoped_lock lock(mutex_);
    failing = figures_.failing;
  }
  if (failing) {
    lost(count, spool_fault);
    return done({});
  }
  store_.append(std::move(executions), [this, count, done = std::move(done)](const Result<void>& kept) mutable {
    if (!kept) lost(count, kept.error());
    done({});
  });
}

void ExecutionOutbox::lost(uint64_t executions, const Error& why) {
  uint64_t before = 0;
  {
    const std::scoped_lock lock(mutex_);
    before = std::exchange(figures_.dropped, figures_.dropped + executions);
  }
  // The first, then one line in a hundred thousand executions.
  constexpr uint64_t kEach = 100'000;
  if (before == 0 || before / kEach != (before + executions) / kEach) {
    log::error("outbox.dropped", {{"executions", std::to_string(executions)},
                                  {"in_all", std::to_string(before + executions)},
                                  {"error", why.detail}});
  }
}

void ExecutionOutbox::tick() { send_next(Now::when_due); }

// One insert is under way at a time.
void ExecutionOutbox::send_next(Now when) {
  SpoolRead again;
  {
    const std::scoped_lock lock(mutex_);
    if (sending_ || !more_ || stopped_) return;
    if (when == Now::when_due && clock_.steady() < next_at_) return;
    sending_ = true;
    came_since_ = false;
    again = std::move(under_way_);
    under_way_ = {};
  }
  if (!again.batches.empty()) return send(std::move(again));
  spool_.oldest(options_.batch, [this](Result<SpoolRead> read) {
    if (!read) return finish(true, true);
    if (read->batches.empty()) return finish(false, false);
    if (read->damaged > 0) lost(read->damaged, Error{.code = Code::corrupt, .detail = "cannot be read"});
    send(std::move(*read));
  });
}

void ExecutionOutbox::send(SpoolRead read) {
  auto executions = read.executions;
  {
    const std::scoped_lock lock(mutex_);
    under_way_ = std::move(read);
  }
  store_.append(std::move(executions), [this](const Result<void>& result) { sent(result); });
}

void ExecutionOutbox::sent(const Result<void>& result) {
  if (!result && retryable(result.error().code)) {
    bool first = false;
    {
      const std::scoped_lock lock(mutex_);
      first = !figures_.failing;
    }
    if (first) log::warn("outbox.waits", {{"error", result.error().detail}});
    return finish(true, true);
  }
  std::vector<int64_t> batches;
  uint64_t count = 0;
  {
    const std::scoped_lock lock(mutex_);
    batches = under_way_.batches;
    count = under_way_.executions.size();
    figures_.waiting -= std::min(figures_.waiting, count);
    if (result) figures_.sent += count;
  }
  if (!result) lost(count, result.error());
  spool_.drop(std::move(batches), [this](const Result<void>& dropped) {
    // Not dropped, they are sent once more, which the store notices.
    if (!dropped) return finish(true, true);
    {
      const std::scoped_lock lock(mutex_);
      under_way_ = {};
    }
    finish(true, false);
  });
}

void ExecutionOutbox::finish(bool more, bool failed) {
  bool go_on = false;
  {
    const std::scoped_lock lock(mutex_);
    sending_ = false;
    more_ = more || came_since_;
    if (!more_) figures_.waiting = 0;
    wait_ = !failed               ? Duration{}
            : wait_ == Duration{} ? options_.first_wait
                                  : std::min(2 * wait_, options_.longest_wait);
    if (figures_.failing && !failed) log::info("outbox.sends_again", {{"waiting", std::to_string(figures_.waiting)}});
    figures_.failing = failed;
    const bool big = figures_.waiting >= options_.batch;
    next_at_ = clock_.steady() + (failed ? wait_ : big ? Duration{} : options_.pause);
    go_on = !failed && more_ && (big || flushing_);
    idle_.notify_all();
  }
  if (go_on) send_next(Now::at_once);
}

bool ExecutionOutbox::flush(std::chrono::milliseconds timeout) {
  {
    const std::scoped_lock lock(mutex_);
    flushing_ = true;
    more_ = true;
  }
  send_next(Now::at_once);
  std::unique_lock lock(mutex_);
  idle_.wait_for(lock, timeout, [this] { return !sending_ && (!more_ || figures_.failing); });
  flushing_ = false;
  return !sending_ && !more_;
}

void ExecutionOutbox::stop() {
  const std::scoped_lock lock(mutex_);
  stopped_ = true;
}

OutboxFigures ExecutionOutbox::figures() const {
  const std::scoped_lock lock(mutex_);
  return figures_;
}

void ExecutionOutbox::find_executions(ExecutionFilter filter, Done<ExecutionPage> done) {
  store_.find_executions(std::move(filter), std::move(done));
}
void ExecutionOutbox::stats(ExecutionFilter filter, Done<ExecutionStats> done) {
  store_.stats(std::move(filter), std::move(done));
}
void ExecutionOutbox::groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) {
  store_.groups(std::move(filter), by, std::move(done));
}
void ExecutionOutbox::error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) {
  store_.error_patterns(std::move(filter), std::move(done));
}
void ExecutionOutbox::expire(RetentionCuts cuts, Done<Expired> done) { store_.expire(cuts, std::move(done)); }

}  // namespace schedules
