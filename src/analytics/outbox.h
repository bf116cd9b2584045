// The outbox: executions on their way to a server that may be away. Each batch is first spooled on this machine, which
// answers the append; then what waits is sent, joined into few inserts. So neither a dead nor a slow server of analytics is
// ever felt by what fires, and a process that is killed loses nothing that was appended.
//
// What is sent is sent again until it is answered, the same executions together, so that the store can tell a repeat.
// Beyond the spool's bound the newest are dropped: counted, and said in the log.
//
// Thread-safe. It outlives what it has asked of the store and the spool, whose answers reach into it. So they end in this
// order: stop(), the store (which answers what is under way), the spool, the outbox.
#pragma once

#include <condition_variable>
#include <mutex>
#include <vector>

#include "store/execution_spool.h"
#include "store/execution_store.h"
#include "time/clock.h"

namespace schedules {

struct OutboxOptions {
  size_t batch = 20'000;                                 ///< executions in one insert, about
  Duration pause = std::chrono::milliseconds(250);       ///< between small inserts
  Duration first_wait = std::chrono::milliseconds(500);  ///< after a failure; doubled by each further one
  Duration longest_wait = std::chrono::seconds(10);
};

struct OutboxFigures {
  uint64_t waiting = 0;  ///< executions; as of the last look
  uint64_t sent = 0;
  uint64_t dropped = 0;
  bool failing = false;  ///< the last insert did not succeed
};

class ExecutionOutbox final : public ExecutionStore {
 public:
  ExecutionOutbox(ExecutionStore& store, ExecutionSpool& spool, const Clock& clock, OutboxOptions options = {});

  /// Answered once it is spooled; a batch that the spool cannot take goes to the store directly, and is dropped where that
  /// fails too. Errors: none.
  void append(ExecutionBatch executions, Done<void> done) override;
  // What reads, reads the store: what still waits is not in it.
  void find_executions(ExecutionFilter filter, Done<ExecutionPage> done) override;
  void stats(ExecutionFilter filter, Done<ExecutionStats> done) override;
  void groups(ExecutionFilter filter, GroupBy by, Done<std::vector<ExecutionGroup>> done) override;
  void error_patterns(ExecutionFilter filter, Done<std::vector<ErrorPattern>> done) override;
  void expire(RetentionCuts cuts, Done<Expired> done) override;

  /// Sends what is due to be sent. To be called some times a second.
  void tick();
  /// Sends until nothing waits, an insert fails, or `timeout` has passed; whether nothing waits.
  bool flush(std::chrono::milliseconds timeout);
  /// Sends nothing further; what is appended from now on waits in the spool for the next process.
  void stop();
  [[nodiscard]] OutboxFigures figures() const;

 private:
  enum class Now : uint8_t { when_due, at_once };
  void send_next(Now when);
  void send(SpoolRead read);
  void sent(const Result<void>& result);
  void keep_directly(ExecutionBatch executions, Error spool_fault, Done<void> done);
  void lost(uint64_t executions, const Error& why);
  void finish(bool more, bool failed);

  ExecutionStore& store_;
  ExecutionSpool& spool_;
  const Clock& clock_;
  const OutboxOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable idle_;
  bool sending_ = false;     ///< guarded by mutex_, like all below
  bool more_ = true;         ///< there may be something in the spool; after a start nobody knows
  bool came_since_ = false;  ///< since the spool was read
  bool flushing_ = false;
  bool stopped_ = false;
  SteadyPoint next_at_{};  ///< no insert before
  Duration wait_{};        ///< after the last failure; 0: it succeeded
  SpoolRead under_way_;    ///< kept whole until it is taken
  OutboxFigures figures_;
};

}  // namespace schedules
