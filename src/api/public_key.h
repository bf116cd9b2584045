// Public keys that sign tokens: read from PEM or JWKS, and one signature checked with them.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules::api {

/// Immutable, thread-safe.
class PublicKey {
 public:
  /// PEM with one or more public keys, or a JWKS document (kty RSA or EC). Errors: invalid_argument.
  static Result<std::vector<PublicKey>> read_all(std::string_view text);

  /// `algorithm` is RS256…512 or ES256…512; the signature is in JWS form.
  [[nodiscard]] bool verify(std::string_view algorithm, std::string_view signed_text, std::string_view signature) const;
  [[nodiscard]] bool suits(std::string_view algorithm) const;

 private:
  struct Key;
  std::shared_ptr<const Key> key_;
};

/// Base64 without padding, '-' and '_'. nullopt for anything else.
std::optional<std::string> decode_base64url(std::string_view text);
std::string encode_base64url(std::string_view bytes);

}  // namespace schedules::api
