// The requests that are written together: what they see of the ids they touch, and what they change. Lives for one
// write, on the writer's thread.
//
// A request reads ids through slots: the stored entry, overlaid by what earlier requests of the same group changed. So
// two puts of one id in one group, or in one batch, meet each other as if the first were stored already.
#pragma once

#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/rocksdb/ledger.h"

namespace rocksdb {
class WriteBatch;
}

namespace schedules::rocks {

/// One id as the group sees it.
struct Slot {
  EventId id;
  IdEntry entry;
  std::string_view staged;  ///< the record, where this group wrote it; else it is read from the database
};

class Group {
 public:
  Group(Database::Reading reading, Ledger& ledger, rocksdb::WriteBatch& batch, TimePoint now);
  ~Group();
  Group(const Group&) = delete;

  [[nodiscard]] TimePoint now() const { return now_; }
  [[nodiscard]] const Database::Reading& reading() const { return reading_; }
  [[nodiscard]] Ledger& ledger() { return ledger_; }
  [[nodiscard]] rocksdb::WriteBatch& batch() { return batch_; }

  /// Looks up all ids that the requests will ask for, in one sorted read. Expired memories are absent.
  Status look_up(std::span<const EventId> ids);
  /// The slot of ids[index] of look_up.
  [[nodiscard]] Slot& slot(size_t index) { return slots_[slot_of_[index]]; }
  /// The whole event behind a slot. Errors: corrupt (logged), io_error.
  Result<StoredEvent> read(const Slot& slot);
  /// Keeps begin away from the id until the group has ended; false: it is in flight.
  bool claim(const EventId& id);
  [[nodiscard]] bool in_flight(const EventId& id) const { return ledger_.in_flight.contains(id); }

  /// Stores a waiting event. `value` (id ‖ record) must live as long as the group; see keep().
  void put_pending(const EventId& id, const DueKey& key, bool moved, std::string_view value);
  void put_pending(Slot& slot, const DueKey& key, bool moved, std::string_view value);
  void drop_pending(const DueKey& key, bool moved);
  /// Remembers a finished event. `record` is copied.
  void put_finished(const EventId& id, State state, Tier tier, uint64_t sequence, std::string_view record);
  /// As above; `record` must live as long as the group.
  void put_finished(Slot& slot, State state, Tier tier, uint64_t sequence, std::string_view record);
  void forget(Slot& slot);
  std::string_view keep(std::string bytes) { return kept_.emplace_back(std::move(bytes)); }
  /// Is told of the end of what start_settling() began.
  void settling(const EventId& id) { settling_.push_back(id); }

  /// Completes the batch. True: there is something to write.
  bool finish();
  void commit();
  void abort();

 private:
  struct DueChange {
    DueKeyBytes key;
    bool put = false;
    std::string_view value;
  };
  struct IdChange {
    IdBytes id;
    bool put = false;
    IdEntry entry;
  };
  Result<std::string> read_value(const Slot& slot) const;
  IdEntry remember(const EventId& id, State state, Tier tier, uint64_t sequence, std::string_view record);
  void write_due();
  void write_ids();

  Database::Reading reading_;
  Ledger& ledger_;
  rocksdb::WriteBatch& batch_;
  const TimePoint now_;

  std::vector<Slot> slots_;
  std::vector<uint32_t> slot_of_;
  std::vector<DueChange> due_;
  std::vector<IdChange> ids_;
  std::vector<EventId> claimed_;
  std::vector<EventId> settling_;
  std::deque<std::string> kept_;
};

}  // namespace schedules::rocks
