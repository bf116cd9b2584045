// The layouts of our databases, as numbered steps. The number of the last step taken stands in the
// file (PRAGMA user_version). To change a layout: add a step; never change one that was released.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

struct Migration {
  int version = 0;  ///< 1, 2, 3, …
  std::string_view title;
  std::string_view sql;
};

struct Schema {
  std::string_view name;       ///< "schedules"; for messages
  int32_t application_id = 0;  ///< written into the file, so that another program's is never touched
  std::span<const Migration> steps;
};

const Schema& schedule_schema();
const Schema& execution_schema();

struct SchemaState {
  bool exists = false;
  int current = 0;
  int target = 0;
};

/// Looks without changing anything. Errors: corrupt (damaged, or not ours), io_error.
Result<SchemaState> inspect(const std::string& path, const Schema& schema);

/// Opens, and takes the steps which are missing, each in its own transaction: a crash between two
/// goes on at the next open. Errors: newer_layout (the file is left untouched), and those of
/// Database::open.
Result<Database> open_migrated(const DatabaseOptions& options, const Schema& schema);

}  // namespace schedules::sqlite
