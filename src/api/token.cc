#include "api/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "api/json/reader.h"
#include "api/json/writer.h"
#include "api/public_key.h"

namespace schedules::api {
namespace {

constexpr size_t kMaxTokenBytes = 8192;
constexpr std::string_view kAlgorithms[] = {"HS256", "HS384", "HS512", "RS256", "RS384",
                                            "RS512", "ES256", "ES384", "ES512"};

tl::unexpected<Error> refused(std::string_view why) {
  return fail(Code::forbidden, "Could not validate credentials: {}", why);
}

std::string hmac(std::string_view algorithm, std::string_view secret, std::string_view text) {
  const EVP_MD* digest = algorithm == "HS256" ? EVP_sha256() : algorithm == "HS384" ? EVP_sha384() : EVP_sha512();
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  HMAC(digest, secret.data(), static_cast<int>(secret.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), out.data(), &size);
  return {reinterpret_cast<const char*>(out.data()), size};
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct Parts {
  std::string_view signed_text;
  std::string header;
  std::string payload;
  std::string signature;
};

std::optional<Parts> split(std::string_view token) {
  const size_t first = token.find('.');
  const size_t second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos) return std::nullopt;
  auto header = decode_base64url(token.substr(0, first));
  auto payload = decode_base64url(token.substr(first + 1, second - first - 1));
  auto signature = decode_base64url(token.substr(second + 1));
  if (!header || !payload || !signature) return std::nullopt;
  return Parts{token.substr(0, second), std::move(*header), std::move(*payload), std::move(*signature)};
}

bool is_set(const json::Document& claims, std::string_view name) {
  const auto* value = claims.find(name);
  if (value == nullptr) return false;
  return !(value->kind == json::Kind::null || value->text == "false" || value->text.empty());
}

std::string text_of(const json::Document& claims, std::string_view name) {
  const auto* value = claims.find(name);
  return value != nullptr && value->kind == json::Kind::string ? std::string(value->text) : std::string();
}

Result<Claims> check_claims(std::string_view payload, TimePoint now) {
  json::Document claims;
  if (!claims.read(payload) || claims.kind() != json::Kind::object) return refused("the claims cannot be read");
  const double seconds = static_cast<double>(to_micros(now)) / 1e6;
  const auto* exp = claims.find("exp");
  const auto expires = exp == nullptr ? std::nullopt : exp->number();
  if (!expires) return refused("the token does not say when it expires");
  if (seconds >= *expires) return refused("the token has expired");
  if (const auto* nbf = claims.find("nbf")) {
    const auto begins = nbf->number();
    if (!begins || seconds < *begins) return refused("the token is not valid yet");
  }
  if (is_set(claims, "refresh") || is_set(claims, "totp") || is_set(claims, "fingerprint"))
    return refused("this is no access token");
  return Claims{text_of(claims, "sub"), text_of(claims, "role")};
}

}  // namespace

struct TokenVerifier::Impl {
  std::string algorithm;
  std::string secret;
  std::vector<PublicKey> keys;

  [[nodiscard]] bool verify(const Parts& parts) const {
    if (algorithm.starts_with("HS"))
      return equal_in_constant_time(hmac(algorithm, secret, parts.signed_text), parts.signature);
    return std::ranges::any_of(
        keys, [&](const PublicKey& key) { return key.verify(algorithm, parts.signed_text, parts.signature); });
  }
};

TokenVerifier::TokenVerifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TokenVerifier::TokenVerifier(TokenVerifier&&) noexcept = default;
TokenVerifier& TokenVerifier::operator=(TokenVerifier&&) noexcept = default;
TokenVerifier::~TokenVerifier() = default;

Result<TokenVerifier> TokenVerifier::create(const TokenKeys& keys) {
  if (std::ranges::find(kAlgorithms, keys.algorithm) == std::end(kAlgorithms))
    return fail_field(Code::invalid_argument, "jwt_algo", "the algorithm {} is not supported", keys.algorithm);
  auto impl = std::make_unique<Impl>();
  impl->algorithm = keys.algorithm;
  impl->secret = keys.secret;
  if (keys.algorithm.starts_with("HS")) {
    if (keys.secret.empty())
      return fail_field(Code::invalid_argument, "secret_key", "{} needs a secret key", keys.algorithm);
    return TokenVerifier(std::move(impl));
  }
  auto read = PublicKey::read_all(keys.public_keys);
  if (!read) return fail_field(Code::invalid_argument, "jwt_public_key_file", "{}", read.error().detail);
  impl->keys = std::move(*read);
  if (std::ranges::none_of(impl->keys, [&](const PublicKey& key) { return key.suits(keys.algorithm); }))
    return fail_field(Code::invalid_argument, "jwt_public_key_file", "none of the keys suits {}", keys.algorithm);
  return TokenVerifier(std::move(impl));
}

Result<Claims> TokenVerifier::verify(std::string_view token, TimePoint now) const {
  if (token.size() > kMaxTokenBytes) return refused("the token is too long");
  const auto parts = split(token);
  if (!parts) return refused("this is no token");
  json::Document header;
  if (!header.read(parts->header) || header.kind() != json::Kind::object)
    return refused("the token's header cannot be read");
  if (text_of(header, "alg") != impl_->algorithm) return refused("the token is signed by another algorithm");
  if (header.find("crit") != nullptr) return refused("the token has critical extensions");
  if (!impl_->verify(*parts)) return refused("the signature is wrong");
  return check_claims(parts->payload, now);
}

std::string issue_token(std::string_view secret, const TokenRequest& request, TimePoint now) {
  std::string claims;
  const int64_t issued = to_micros(now) / 1'000'000;
  json::Writer out(claims);
  out.open('{').field("sub", request.subject).field("role", request.role).key("iat").number(issued);
  out.key("exp").number(issued + request.lifetime.count()).close('}');
  std::string token = encode_base64url(R"({"alg":"HS512","typ":"JWT"})") + "." + encode_base64url(claims);
  token += "." + encode_base64url(hmac("HS512", secret, token));
  return token;
}

}  // namespace schedules::api
