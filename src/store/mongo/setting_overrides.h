// What an administrator has set in the framework's panel: collection `settings`, one document a key
// ({key, module, value, updated_at, updated_by}). Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "mongo/client.h"
#include "time/clock.h"

namespace schedules {

struct SettingOverride {
  std::string key;    ///< whole, "schedules_MAX_RETRIES"
  std::string value;  ///< JSON text: a string in quotes, a number, true, null, …
};

class MongoSettingOverrides {
 public:
  /// The client must outlive it.
  explicit MongoSettingOverrides(mongo::Client& client) : client_(client) {}
  /// Of the module "schedules", by key; one whose value JSON cannot say is left out and logged.
  void list(Done<std::vector<SettingOverride>> done);
  /// Each replaces the one of its key. Errors: invalid_json (nothing is written), unavailable and the like.
  void save(std::vector<SettingOverride> overrides, std::string updated_by, TimePoint now, Done<void> done);

 private:
  mongo::Client& client_;
};

}  // namespace schedules
