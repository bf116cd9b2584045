// Authentication as settings ask for it, and the framework's users in MongoDB as the API wants them.
#pragma once

#include "api/auth.h"
#include "config/settings.h"
#include "store/mongo/user_directory.h"

namespace schedules {

class MongoUsers final : public api::UserDirectory {
 public:
  /// The client must outlive it.
  explicit MongoUsers(mongo::Client& client) : users_(client) {}
  void find(std::string sub, Done<api::User> done) override;

 private:
  MongoUserDirectory users_;
};

/// Mode stufio needs `users`. Errors: io_error (the public key file), invalid_argument (a mode that is not available).
Result<api::AuthOptions> auth_from(const Settings& settings, api::UserDirectory* users);

}  // namespace schedules
