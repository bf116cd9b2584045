// JSON Web Tokens: checks and signs. Pure; the keys are read once.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/clock.h"

namespace schedules::api {

struct Claims {
  std::string subject;
  std::string role;  ///< as it is in the token; may be empty
};

struct TokenKeys {
  std::string algorithm = "HS512";  ///< HS256…512, RS256…512, ES256…512; no other is accepted
  std::string secret;               ///< of the HS family
  std::string public_keys;          ///< PEM (one or more) or a JWKS document, of the others
};

/// Thread-safe after construction.
class TokenVerifier {
 public:
  /// Errors: invalid_argument (algorithm not known, no key, key not readable or of the wrong type).
  static Result<TokenVerifier> create(const TokenKeys& keys);
  TokenVerifier(TokenVerifier&&) noexcept;
  TokenVerifier& operator=(TokenVerifier&&) noexcept;
  ~TokenVerifier();

  /// Signature, algorithm, exp (must be there), nbf; refresh, totp and fingerprint tokens are no access tokens.
  /// Errors: forbidden, with what is wrong but never with a part of the token.
  [[nodiscard]] Result<Claims> verify(std::string_view token, TimePoint now) const;

 private:
  struct Impl;
  explicit TokenVerifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct TokenRequest {
  std::string role;  ///< reader, producer or superuser
  std::string subject;
  std::chrono::seconds lifetime{3600};
};

/// A token signed with HS512.
std::string issue_token(std::string_view secret, const TokenRequest& request, TimePoint now);

}  // namespace schedules::api
