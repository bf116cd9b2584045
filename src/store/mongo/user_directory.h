// The users of the Stufio framework, as far as access needs them: collection `users`. Read only. Thread-safe.
#pragma once

#include <string>

#include "base/result.h"
#include "mongo/client.h"

namespace schedules {

struct StufioUser {
  std::string id;  ///< 24 hex digits, the token's sub
  bool is_active = false;
  bool is_superuser = false;
};

class MongoUserDirectory {
 public:
  /// The client must outlive it.
  explicit MongoUserDirectory(mongo::Client& client) : client_(client) {}
  /// A flag that is absent, or is no boolean, counts as false. Errors: not_found, unavailable and the like.
  void find_user(std::string sub, Done<StufioUser> done);

 private:
  mongo::Client& client_;
};

}  // namespace schedules
