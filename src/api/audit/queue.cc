#include "api/audit/queue.h"

#include "base/log.h"

namespace schedules::api {

void AuditQueue::note(AuditEntry entry) {
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() + under_way_ >= kMostWaiting) {
      if (dropped_++ % 1'000 == 0) {
        log::error("audit.dropped", {{"action", entry.action}, {"kind", entry.kind}, {"id", entry.object_id}});
      }
      return;
    }
    waiting_.push_back(std::move(entry));
  }
  write();
}

// One write is under way at a time; its end starts the next.
void AuditQueue::write() {
  std::vector<AuditEntry> batch;
  {
    const std::scoped_lock lock(mutex_);
    if (under_way_ > 0 || waiting_.empty()) return;
    batch = std::exchange(waiting_, {});
    under_way_ = batch.size();
  }
  auto kept = batch;
  trail_.append_entries(std::move(batch), [this, kept = std::move(kept)](const Result<void>& written) mutable {
    {
      const std::scoped_lock lock(mutex_);
      under_way_ = 0;
      if (!written) {
        if (!failing_) log::warn("audit.waits", {{"error", written.error().detail}});
        waiting_.insert(waiting_.begin(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
      }
      failing_ = !written;
      if (waiting_.empty()) idle_.notify_all();
    }
    if (written) write();
  });
}

bool AuditQueue::flush(std::chrono::milliseconds timeout) {
  write();
  std::unique_lock lock(mutex_);
  return idle_.wait_for(lock, timeout, [this] { return waiting_.empty() && under_way_ == 0; });
}

size_t AuditQueue::waiting() {
  const std::scoped_lock lock(mutex_);
  return waiting_.size() + under_way_;
}

uint64_t AuditQueue::dropped() {
  const std::scoped_lock lock(mutex_);
  return dropped_;
}

}  // namespace schedules::api
