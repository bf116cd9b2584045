// The first contact, and each later look: whether this Redis may hold events at all, and how many shards it has. Until it has
// been seen nothing is sent; while it is refused every call answers why. Thread-safe.
#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "redis/client.h"

namespace schedules::redis {

inline constexpr int64_t kLayout = 2;

class Gate {
 public:
  /// `shards`: recorded where the store is new; else what is recorded counts.
  Gate(Client& client, const Clock& clock, std::string meta_key, uint32_t shards);

  /// Answers at once when the store is known to be good. Errors: unavailable, conflict (maxmemory-policy, version),
  /// newer_layout.
  void pass(Done<void> done);
  /// Looks again; what it finds counts from then on.
  void look(Done<void> done);
  [[nodiscard]] uint32_t shards() const { return shards_; }

 private:
  void checked(Result<std::vector<Node>> nodes);
  void meta_read(Result<std::vector<Reply>> replies);
  void finish(const Status& status);

  Client& client_;
  const Clock& clock_;
  std::string meta_key_;
  std::atomic<uint32_t> shards_;
  std::atomic<bool> open_ = false;
  std::mutex mutex_;
  bool looking_ = false;
  std::vector<Done<void>> waiting_;
};

/// Errors: conflict, with what to do.
Status check_node(const Node& node);

}  // namespace schedules::redis
