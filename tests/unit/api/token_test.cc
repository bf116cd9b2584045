#include <gtest/gtest.h>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "api/public_key.h"
#include "api/token.h"

namespace schedules::api {
namespace {

const TimePoint kNow = from_micros(1'767'600'000'000'000);
constexpr int64_t kNowSeconds = 1'767'600'000;
const std::string kSecret = "a secret of some length";

std::string hs512(std::string_view header, std::string_view claims, std::string_view secret = kSecret) {
  std::string token = encode_base64url(header) + "." + encode_base64url(claims);
  unsigned char out[64];
  unsigned int size = 0;
  HMAC(EVP_sha512(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(token.data()), token.size(), out, &size);
  return token + "." + encode_base64url({reinterpret_cast<char*>(out), size});
}

constexpr std::string_view kHeader = R"({"alg":"HS512","typ":"JWT"})";

Result<Claims> verify(std::string_view token, TimePoint now = kNow) {
  return TokenVerifier::create({.algorithm = "HS512", .secret = kSecret, .public_keys = {}})->verify(token, now);
}

std::string claims_with(std::string_view more) {
  return fmt::format(R"({{"sub":"u1","role":"reader","exp":{}{}}})", kNowSeconds + 60, more);
}

TEST(Token, AnIssuedOneIsAccepted) {
  const auto token =
      issue_token(kSecret, {.role = "producer", .subject = "me", .lifetime = std::chrono::seconds(60)}, kNow);
  const auto claims = verify(token);
  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(claims->role, "producer");
  EXPECT_EQ(claims->subject, "me");
}

TEST(Token, ExpiresToTheSecond) {
  const auto token =
      issue_token(kSecret, {.role = "reader", .subject = "", .lifetime = std::chrono::seconds(60)}, kNow);
  EXPECT_TRUE(verify(token, kNow + std::chrono::milliseconds(59'999)));
  EXPECT_FALSE(verify(token, kNow + std::chrono::seconds(60)));
}

TEST(Token, WithoutAnEndIsRefused) {
  EXPECT_FALSE(verify(hs512(kHeader, R"({"sub":"u1","role":"reader"})")));
  EXPECT_FALSE(verify(hs512(kHeader, R"({"role":"reader","exp":"soon"})")));
}

TEST(Token, NotYetValidIsRefused) {
  EXPECT_TRUE(verify(hs512(kHeader, claims_with(fmt::format(R"(,"nbf":{})", kNowSeconds)))));
  EXPECT_FALSE(verify(hs512(kHeader, claims_with(fmt::format(R"(,"nbf":{})", kNowSeconds + 1)))));
}

TEST(Token, AnotherAlgorithmIsRefused) {
  EXPECT_FALSE(verify(hs512(R"({"alg":"HS256"})", claims_with(""))));
  EXPECT_FALSE(verify(hs512(R"({"alg":"none"})", claims_with(""))));
  EXPECT_FALSE(verify(hs512(R"({"typ":"JWT"})", claims_with(""))));
  const auto bare = encode_base64url(R"({"alg":"none"})") + "." + encode_base64url(claims_with("")) + ".";
  EXPECT_FALSE(verify(bare));
}

TEST(Token, ATamperedOneIsRefused) {
  const std::string token = hs512(kHeader, claims_with(""));
  EXPECT_TRUE(verify(token));
  const auto payload = encode_base64url(fmt::format(R"({{"sub":"u1","role":"superuser","exp":{}}})", kNowSeconds + 60));
  const size_t first = token.find('.');
  const size_t second = token.find('.', first + 1);
  EXPECT_FALSE(verify(token.substr(0, first + 1) + payload + token.substr(second)));
  for (const size_t at : {first + 3, second + 3, token.size() - 4}) {
    std::string changed = token;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verify(changed)) << at;
  }
}

TEST(Token, AnotherSecretIsRefused) { EXPECT_FALSE(verify(hs512(kHeader, claims_with(""), "other"))); }

TEST(Token, RefreshTotpAndMagicOnesAreNoAccessTokens) {
  EXPECT_FALSE(verify(hs512(kHeader, claims_with(R"(,"refresh":true)"))));
  EXPECT_FALSE(verify(hs512(kHeader, claims_with(R"(,"totp":true)"))));
  EXPECT_FALSE(verify(hs512(kHeader, claims_with(R"(,"fingerprint":"abc")"))));
  EXPECT_TRUE(verify(hs512(kHeader, claims_with(R"(,"refresh":false,"totp":false)"))));
}

TEST(Token, NonsenseIsRefused) {
  for (const std::string_view text : {"", "a", "a.b", "a.b.c.d", "..", "!.!.!", "e30.e30.e30"})
    EXPECT_FALSE(verify(text)) << text;
  EXPECT_FALSE(verify(std::string(10'000, 'a')));
}

TEST(Token, TheErrorNeverShowsTheToken) {
  const std::string token = hs512(kHeader, claims_with(""), "other");
  EXPECT_EQ(verify(token).error().detail.find(token.substr(0, 10)), std::string::npos);
}

TEST(Base64Url, OnlyCanonicalTextIsDecoded) {
  EXPECT_EQ(decode_base64url("AQID"), "\x01\x02\x03");
  EXPECT_EQ(decode_base64url("_-8"), "\xff\xef");
  for (const std::string_view text : {"A", "AQ==", "A/+B", "AB"}) EXPECT_FALSE(decode_base64url(text)) << text;
}

// A fresh key pair, its public half as PEM, and tokens signed by the private one.
struct KeyPair {
  EVP_PKEY* key;
  explicit KeyPair(EVP_PKEY* its_key) : key(its_key) {}
  ~KeyPair() { EVP_PKEY_free(key); }
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;

  [[nodiscard]] std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }
  [[nodiscard]] std::string sign(std::string_view text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    size_t size = 1024;
    std::string out(size, '\0');
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key);
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(out.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    out.resize(size);
    return out;
  }
};

TEST(Token, AnRs256OneIsCheckedWithThePublicKey) {
  const KeyPair pair(EVP_RSA_gen(2048));
  const auto verifier = TokenVerifier::create({.algorithm = "RS256", .secret = {}, .public_keys = pair.pem()});
  ASSERT_TRUE(verifier) << verifier.error().detail;
  std::string token = encode_base64url(R"({"alg":"RS256"})") + "." + encode_base64url(claims_with(""));
  token += "." + encode_base64url(pair.sign(token));
  EXPECT_TRUE(verifier->verify(token, kNow));
  token[token.size() - 6] = token[token.size() - 6] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(verifier->verify(token, kNow));
  // The public key as an HMAC secret, the classic confusion.
  EXPECT_FALSE(verifier->verify(hs512(kHeader, claims_with(""), pair.pem()), kNow));
}

TEST(Token, AnEs256OneIsCheckedWithThePublicKey) {
  const KeyPair pair(EVP_EC_gen("P-256"));
  const auto verifier = TokenVerifier::create({.algorithm = "ES256", .secret = {}, .public_keys = pair.pem()});
  ASSERT_TRUE(verifier) << verifier.error().detail;
  std::string token = encode_base64url(R"({"alg":"ES256"})") + "." + encode_base64url(claims_with(""));
  const std::string der = pair.sign(token);
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  ECDSA_SIG* pieces = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()));
  std::string raw(64, '\0');
  BN_bn2binpad(ECDSA_SIG_get0_r(pieces), reinterpret_cast<unsigned char*>(raw.data()), 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(pieces), reinterpret_cast<unsigned char*>(raw.data()) + 32, 32);
  ECDSA_SIG_free(pieces);
  EXPECT_TRUE(verifier->verify(token + "." + encode_base64url(raw), kNow));
  raw[5] = static_cast<char>(raw[5] ^ 1);
  EXPECT_FALSE(verifier->verify(token + "." + encode_base64url(raw), kNow));
  EXPECT_FALSE(verifier->verify(token + "." + encode_base64url(der), kNow));
}

TEST(Token, KeysAreReadFromJwks) {
  // The key of RFC 7515, appendix A.3.
  const std::string jwks = R"({"keys":[{"kty":"oct","k":"AAAA"},{"kty":"EC","crv":"P-256",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";
  const auto keys = PublicKey::read_all(jwks);
  ASSERT_TRUE(keys) << keys.error().detail;
  ASSERT_EQ(keys->size(), 1U);
  const std::string_view text =
      "eyJhbGciOiJFUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const auto signature =
      decode_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(keys->front().verify("ES256", text, *signature));
  EXPECT_FALSE(keys->front().verify("ES256", text.substr(1), *signature));
}

TEST(Token, BadConfigurationIsTold) {
  EXPECT_FALSE(TokenVerifier::create({.algorithm = "none", .secret = "x", .public_keys = {}}));
  EXPECT_FALSE(TokenVerifier::create({.algorithm = "HS512", .secret = "", .public_keys = {}}));
  EXPECT_FALSE(TokenVerifier::create({.algorithm = "RS256", .secret = "", .public_keys = "no key"}));
  const KeyPair pair(EVP_EC_gen("P-256"));
  EXPECT_FALSE(TokenVerifier::create({.algorithm = "RS256", .secret = "", .public_keys = pair.pem()}));
}

}  // namespace
}  // namespace schedules::api
