// Layouts of what is kept in ClickHouse. Each component ("events", "executions") has numbered steps of statements that may
// be repeated and run by several nodes at once (IF NOT EXISTS and the like); table `schedules_layout` says which have been
// done. Shared by the stores of this room.
//
// To change a layout: add a step, never edit one that was released.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "clickhouse/client.h"

namespace schedules {

/// Of a table: every insert is on the disk when it answers; the window of tokens makes a repeated one count once.
inline constexpr std::string_view kDurable =
    "non_replicated_deduplication_window = 1000, fsync_after_insert = 1, fsync_part_directory = 1";

struct ClickHouseLayout {
  std::string component;
  std::vector<std::vector<std::string>> steps;  ///< steps[n] makes layout n + 1 of layout n
  [[nodiscard]] uint32_t current() const { return static_cast<uint32_t>(steps.size()); }
};

struct ClickHouseLayoutStatus {
  bool exists = false;                  ///< there is something of this component
  uint32_t found = 0;                   ///< 0 where there is nothing
  uint32_t current = 0;                 ///< what this version writes
  std::vector<std::string> statements;  ///< that migrating would run, in order
  [[nodiscard]] bool needs_migration() const { return found < current; }
};

/// Makes the database where it is missing, then takes the component to its current layout. `layout` and the client
/// outlive the answer. Errors: newer_layout (nothing was touched), those of Client::query.
void migrate_clickhouse(clickhouse::Client& client, const ClickHouseLayout& layout, Done<void> done);

/// What migrating would find and do, without touching anything. A newer layout is an answer, not an error.
void inspect_clickhouse(clickhouse::Client& client, const ClickHouseLayout& layout, Done<ClickHouseLayoutStatus> done);

/// Migrates at first contact: runs calls once the layout is right, tries again with each call until then. Thread-safe;
/// the client and the layout outlive it.
class ClickHouseGate {
 public:
  ClickHouseGate(clickhouse::Client& client, const ClickHouseLayout& layout);
  ~ClickHouseGate();
  ClickHouseGate(const ClickHouseGate&) = delete;
  ClickHouseGate& operator=(const ClickHouseGate&) = delete;

  /// `call` runs in the caller, or later on the client's thread; with the error where the way is not free.
  void pass(std::move_only_function<void(const Status&)> call);
  /// As Client::query, behind the gate. An answer that table or database are gone closes it again.
  void query(clickhouse::Query query, Done<clickhouse::Answer> done);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace schedules
