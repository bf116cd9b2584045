#include "app/access.h"

#include <fstream>
#include <iterator>

namespace schedules {
namespace {

constexpr std::array<std::string_view, 9> kAlgorithms{"HS256", "HS384", "HS512", "RS256", "RS384",
                                                      "RS512", "ES256", "ES384", "ES512"};

}  // namespace

void MongoUsers::find(std::string sub, Done<api::User> done) {
  users_.find_user(std::move(sub), [done = std::move(done)](Result<StufioUser> user) mutable {
    if (!user) return done(fail(std::move(user.error())));
    done(api::User{.id = std::move(user->id), .is_active = user->is_active, .is_superuser = user->is_superuser});
  });
}

Result<api::AuthOptions> auth_from(const Settings& settings, api::UserDirectory* users) {
  api::AuthOptions options;
  options.cors_origins = settings.cors_origins;
  if (settings.auth == AuthMode::none) return options;
  const bool stufio = settings.auth == AuthMode::stufio;
  if (stufio && users == nullptr) {
    return fail_field(Code::invalid_argument, "schedules_AUTH",
                      "stufio looks users up in MongoDB, and none is set here (schedules_MONGO_URL); use token");
  }
  options.mode = stufio ? api::AuthOptions::Mode::stufio : api::AuthOptions::Mode::token;
  options.users = users;
  options.open_monitoring = settings.open_monitoring;
  options.keys.algorithm = kAlgorithms.at(static_cast<size_t>(settings.jwt_algo));
  options.keys.secret = settings.secret_key;
  if (!settings.jwt_public_key_file.empty()) {
    std::ifstream file(settings.jwt_public_key_file);
    if (!file) {
      return fail_field(Code::io_error, "schedules_JWT_PUBLIC_KEY_FILE", "cannot read {}",
                        settings.jwt_public_key_file);
    }
    options.keys.public_keys.assign(std::istreambuf_iterator<char>(file), {});
  }
  return options;
}

}  // namespace schedules
