// The indexes of our collections. Only for this room's sources.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "mongo/connection.h"

namespace schedules {

struct MongoIndex {
  const char* collection;
  std::vector<std::pair<const char*, int>> keys;  ///< field, 1 or -1
  bool unique = false;

  /// As MongoDB names it by itself: "status_1_next_execution_1".
  [[nodiscard]] std::string name() const;
};

/// Those of the original and ours.
std::span<const MongoIndex> mongo_indexes();

/// Answers whether it is there and guards what it should: false where other programs' data or an index of another kind
/// stand in its way, which is said in the log.
Result<bool> make_index(mongo::Connection& mongo, const MongoIndex& index);
/// Makes mongo_schedule_executions forget what is older; replaces an index that says otherwise.
Status make_history_ttl(mongo::Connection& mongo, std::chrono::days ttl);

}  // namespace schedules
