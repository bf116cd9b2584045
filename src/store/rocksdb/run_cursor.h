// Walks one run in firing order, and several runs as one. A damaged record is logged and stepped over, so that it does
// not hide those behind it. Not thread-safe; holds no lock, so the reading it was made from must outlive it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/rocksdb/run_table.h"

namespace rocksdb {
class Iterator;
}

namespace schedules::rocks {

class RunCursor {
 public:
  struct How {
    bool fill_cache = true;
  };

  RunCursor(const Database::Reading& reading, const RunId& run, const Place& from, How how);
  RunCursor(RunCursor&&) noexcept;
  RunCursor& operator=(RunCursor&&) noexcept;
  ~RunCursor();

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] const RunId& run() const { return run_; }
  [[nodiscard]] const Place& place() const { return place_; }
  [[nodiscard]] int64_t rank() const { return rank_; }
  /// id ‖ record; until next().
  [[nodiscard]] std::string_view value() const;
  void next();
  /// Not valid from here on.
  void stop() { valid_ = false; }
  /// Not ok: the storage failed, and what comes behind is not known.
  [[nodiscard]] const Status& status() const { return status_; }

 private:
  struct Bounds;
  void open(bool verify);
  void seek(const Place& place);
  void settle();
  void step_over_damage();
  bool sound_at(const Place& place);
  bool find_sound_ground(const Place& damaged);

  const Database::Reading* reading_;
  RunId run_;
  bool fill_cache_ = true;
  std::unique_ptr<Bounds> bounds_;  ///< the iterator points into it
  std::unique_ptr<rocksdb::Iterator> iterator_;
  bool valid_ = false;
  Place place_;         ///< where it stands; after damage: behind which the damage lies
  bool moved_ = false;  ///< place_ is of an event that was met
  int64_t rank_ = 0;
  Status status_;
};

enum class Order : uint8_t { fire_time, rank };

/// The cursor whose event comes first; nullptr where all are at their end.
RunCursor* first_of(std::vector<RunCursor>& cursors, Order order);
/// The first failure among them.
Status status_of(const std::vector<RunCursor>& cursors);

}  // namespace schedules::rocks
