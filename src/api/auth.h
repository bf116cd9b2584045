// Who may call: nobody but this machine (none), or the bearer of a signed token (token). Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http/message.h"
#include "api/token.h"
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
  enum class Mode : uint8_t { none, token };
  Mode mode = Mode::none;
  TokenKeys keys;
  std::vector<std::string> cors_origins;  ///< "https://admin.example.com", or "*" (then without credentials)
  bool open_monitoring = true;            ///< monitoring reads need no token
};

class Auth {
 public:
  /// Errors: as TokenVerifier::create, in mode token.
  static Result<Auth> create(AuthOptions options);

  /// Errors: unauthenticated (no token), forbidden (bad or weak token; in mode none a foreign Host or Origin).
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
};

/// Whether a Host header (with or without a port) names this machine: localhost, 127.0.0.0/8 or ::1.
bool is_loopback_host(std::string_view host);

}  // namespace schedules::api
