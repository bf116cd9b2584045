// Notes of changes in other stores than the trail's own, on their way into it: a change never waits for its note. While
// the trail is away they wait here; what does not fit is dropped, counted and said in the log. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "store/audit_trail.h"

namespace schedules::api {

class AuditQueue {
 public:
  static constexpr size_t kMostWaiting = 10'000;

  /// The trail must have answered before this goes.
  explicit AuditQueue(AuditTrail& trail) : trail_(trail) {}

  void note(AuditEntry entry);
  /// Tries again what could not be written; to be called now and then.
  void tick() { write(); }
  /// Waits until everything is written, or `timeout` has passed; whether it is.
  bool flush(std::chrono::milliseconds timeout);
  [[nodiscard]] size_t waiting();
  [[nodiscard]] uint64_t dropped();

 private:
  void write();

  AuditTrail& trail_;
  std::mutex mutex_;
  std::condition_variable idle_;
  std::vector<AuditEntry> waiting_;  ///< guarded by mutex_, as the next three
  size_t under_way_ = 0;
  uint64_t dropped_ = 0;
  bool failing_ = false;
};

}  // namespace schedules::api
