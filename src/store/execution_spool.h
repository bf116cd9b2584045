// The spool: executions that wait, durable on this machine, for their store to take them. Batches stay whole and in order.
#pragma once

#include <vector>

#include "base/result.h"
#include "store/execution_store.h"

namespace schedules {

struct SpoolRead {
  std::vector<int64_t> batches;       ///< for drop()
  std::vector<Execution> executions;  ///< of all of them, in order
  uint64_t damaged = 0;               ///< executions that could not be read; their batches are among `batches`
};

struct SpoolSize {
  uint64_t executions = 0;
  uint64_t bytes = 0;
};

/// All calls are thread-safe and answer once, on a thread of the spool.
class ExecutionSpool {
 public:
  virtual ~ExecutionSpool() = default;
  /// Errors: overloaded (its bound is reached; nothing was taken), disk_full, io_error, unavailable.
  virtual void put(const ExecutionBatch& executions, Done<void> done) = 0;
  /// The oldest batches, of `limit` executions together or one batch. Empty: there is nothing.
  virtual void oldest(size_t limit, Done<SpoolRead> done) = 0;
  virtual void drop(std::vector<int64_t> batches, Done<void> done) = 0;
  virtual void size(Done<SpoolSize> done) = 0;
};

}  // namespace schedules
