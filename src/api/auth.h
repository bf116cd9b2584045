// Who may call: nobody but this machine (none), the bearer of a signed token (token), or of one whose user the framework
// knows (stufio). Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.h"
#include "api/token.h"
#include "api/users.h"
#include "base/result.h"

namespace schedules::api {

/// Each may do all that those before it may.
enum class Role : uint8_t { anyone, reader, producer, superuser };

std::string_view to_string(Role role);
/// Also "user" for reader.
std::optional<Role> parse_role(std::string_view text);

struct Identity {
  Role role = Role::anyone;
  std::string subject;
};

struct AuthOptions {
  enum class Mode : uint8_t { none, token, stufio };
  Mode mode = Mode::none;
  TokenKeys keys;
  std::vector<std::string> cors_origins;  ///< "https://admin.example.com", or "*" (then without credentials)
  bool open_monitoring = true;            ///< monitoring reads need no token
  UserDirectory* users = nullptr;         ///< of mode stufio; outlives every call
};

class Auth {
 public:
  /// Errors: as TokenVerifier::create, in the modes token and stufio; invalid_argument (stufio without users).
  static Result<Auth> create(AuthOptions options);

  /// Answers at once but in mode stufio, where the user may have to be looked up: then on any thread. An active user is
  /// a reader there, a superuser a superuser; what the token says of roles does not count.
  /// Errors: as check; in mode stufio not_found (no such user), bad_request (inactive, or not enough privileges) and
  /// unavailable.
  void identify(const http::Request& request, Role needed, TimePoint now, Done<Identity> done) const;
  /// Without a look at users. Errors: unauthenticated (no token), forbidden (bad or weak token; in mode none a foreign
  /// Host or Origin).
  [[nodiscard]] Result<Identity> check(const http::Request& request, Role needed, TimePoint now) const;
  /// The headers that let the request's Origin read the answer; empty for other origins.
  [[nodiscard]] http::Fields cors_headers(const http::Request& request) const;
  [[nodiscard]] const AuthOptions& options() const { return options_; }

 private:
  explicit Auth(AuthOptions options) : options_(std::move(options)) {}
  [[nodiscard]] Status check_local(const http::Request& request) const;
  [[nodiscard]] bool is_allowed_origin(std::string_view origin) const;

  AuthOptions options_;
  std::optional<TokenVerifier> verifier_;
  std::shared_ptr<UserCache> users_;
};

/// Whether a Host header (with or without a port) names this machine: localhost, 127.0.0.0/8 or ::1.
bool is_loopback_host(std::string_view host);

}  // namespace schedules::api
