// What applying definitions would change on the server: pure comparison.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "definitions/definition_file.h"

namespace boost::json {
class array;
}  // namespace boost::json

namespace schedules::cli {

enum class PlanAction : uint8_t {
  create,     ///< it is not there yet
  update,     ///< it is there, and differs
  unchanged,  ///< it is there as declared
  orphan,     ///< it was declared by this owner, and is no longer
  conflict,   ///< the name is taken by somebody else's schedule
};
std::string_view to_string(PlanAction action);

struct PlanItem {
  PlanAction action = PlanAction::unchanged;
  std::string name;
  std::string id;                    ///< of the stored one
  std::string request;               ///< JSON body: of create all fields, of update and a kept orphan those that change
  std::vector<std::string> changes;  ///< "cron_expression: "0 1 * * *" → "0 2 * * *""
  std::string note;                  ///< "paused by an operator; stays paused"
};

struct PlanOptions {
  bool prune = false;  ///< orphans are deleted, not disabled
  bool force = false;  ///< prune more than kPruneShare of the owner's schedules
};
inline constexpr double kPruneShare = 0.2;

struct Plan {
  std::vector<PlanItem> items;  ///< in the order of the definitions, orphans last

  [[nodiscard]] size_t count(PlanAction action) const;
  /// Whether applying it would change something.
  [[nodiscard]] bool changes_something() const;
};

/// `stored` are all schedules of the server. Only the owners that the definitions name are looked at. `owners` adds
/// owners that have no definitions any more. Errors: conflict, where prune would delete too much.
Result<Plan> make_plan(const std::vector<Definition>& definitions, const std::vector<std::string>& owners,
                       const boost::json::array& stored, const PlanOptions& options);

}  // namespace schedules::cli
