// RocksDB's files with faults: a full or failing disk, a sync that hangs, and the loss of the machine, which drops what
// was not synced (after LevelDB's fault_injection_test). Thread-safe.
#pragma once

#include <memory>
#include <string>

namespace rocksdb {
class Env;
}

namespace schedules::testing {

class FaultyFileSystem {
 public:
  enum class Fault {
    none,
    no_space,    ///< every write and new file fails with ENOSPC
    io_error,    ///< every write fails with EIO
    sync_error,  ///< writes succeed, syncs fail
    dead,        ///< nothing reaches the disk any more: the machine is about to be lost
  };

  FaultyFileSystem();
  ~FaultyFileSystem();
  FaultyFileSystem(const FaultyFileSystem&) = delete;

  [[nodiscard]] rocksdb::Env* env() const;
  void set(Fault fault);
  /// After so many more writes of any file, `fault` sets in.
  void set_after(size_t writes, Fault fault);
  /// Syncs wait until release_syncs().
  void hold_syncs();
  void release_syncs();

  /// The machine is lost and comes back: of each file only what was synced is left, and of what followed a first part
  /// of at most `torn_bytes`. The store must be closed, with Fault::dead set before. Sets Fault::none.
  void lose_unsynced(size_t torn_bytes);

  struct State;

 private:
  std::shared_ptr<State> state_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace schedules::testing
