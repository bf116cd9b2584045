#include "api/public_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "api/json/reader.h"

namespace schedules::api {
namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Number = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, Deleter<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, Deleter<OSSL_PARAM_free>>;

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

const EVP_MD* digest_of(std::string_view algorithm) {
  if (algorithm.ends_with("256")) return EVP_sha256();
  if (algorithm.ends_with("384")) return EVP_sha384();
  return EVP_sha512();
}

Number number_of(std::string_view base64) {
  const auto bytes = decode_base64url(base64);
  if (!bytes || bytes->empty()) return nullptr;
  return Number(BN_bin2bn(bytes_of(*bytes), static_cast<int>(bytes->size()), nullptr));
}

KeyHandle key_from(const char* type, OSSL_PARAM_BLD* builder) {
  const Params params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return nullptr;
  return KeyHandle(key);
}

KeyHandle rsa_key(const json::Document& jwk) {
  const auto* n = jwk.find("n");
  const auto* e = jwk.find("e");
  if (n == nullptr || e == nullptr) return nullptr;
  const Number modulus = number_of(n->text);
  const Number exponent = number_of(e->text);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (!modulus || !exponent || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return nullptr;
  return key_from("RSA", builder.get());
}

KeyHandle ec_key(const json::Document& jwk) {
  const auto* curve = jwk.find("crv");
  const auto* x = jwk.find("x");
  const auto* y = jwk.find("y");
  if (curve == nullptr || x == nullptr || y == nullptr) return nullptr;
  const auto left = decode_base64url(x->text);
  const auto right = decode_base64url(y->text);
  if (!left || !right) return nullptr;
  const std::string point = "\x04" + *left + *right;
  const std::string group(curve->text);
  const ParamBuilder builder(OSSL_PARAM_BLD_new());
  if (OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, group.c_str(), 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return nullptr;
  return key_from("EC", builder.get());
}

Result<std::vector<KeyHandle>> read_jwks(std::string_view text) {
  json::Document document;
  if (auto read = document.read(text); !read) return fail(std::move(read.error()));
  std::vector<KeyHandle> keys;
  const auto* list = document.find("keys");
  json::Document array;
  if (list == nullptr || !array.read(list->text)) return fail(Code::invalid_argument, "the JWKS has no list of keys");
  for (const auto& element : array.members()) {
    json::Document jwk;
    if (!jwk.read(element.value.text)) continue;
    const auto* kind = jwk.find("kty");
    KeyHandle key;
    if (kind != nullptr && kind->text == "RSA") key = rsa_key(jwk);
    if (kind != nullptr && kind->text == "EC") key = ec_key(jwk);
    if (key) keys.push_back(std::move(key));
  }
  return keys;
}

std::vector<KeyHandle> read_pem(std::string_view text) {
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  std::vector<KeyHandle> keys;
  while (EVP_PKEY* key = PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr)) keys.emplace_back(key);
  return keys;
}

// JWS carries r ‖ s, OpenSSL wants them in DER.
std::string der_of(std::string_view raw) {
  const size_t half = raw.size() / 2;
  const std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>> pair(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(bytes_of(raw), static_cast<int>(half), nullptr);
  BIGNUM* s = BN_bin2bn(bytes_of(raw.substr(half)), static_cast<int>(raw.size() - half), nullptr);
  ECDSA_SIG_set0(pair.get(), r, s);
  unsigned char* out = nullptr;
  const int size = i2d_ECDSA_SIG(pair.get(), &out);
  std::string der;
  if (size > 0) der.assign(reinterpret_cast<char*>(out), static_cast<size_t>(size));
  OPENSSL_free(out);
  return der;
}

}  // namespace

struct PublicKey::Key {
  KeyHandle handle;
};

Result<std::vector<PublicKey>> PublicKey::read_all(std::string_view text) {
  std::vector<KeyHandle> handles;
  if (text.find("-----BEGIN") != text.npos) {
    handles = read_pem(text);
  } else {
    auto read = read_jwks(text);
    if (!read) return fail(std::move(read.error()));
    handles = std::move(*read);
  }
  if (handles.empty()) return fail(Code::invalid_argument, "no public key can be read (PEM or JWKS)");
  std::vector<PublicKey> keys(handles.size());
  for (size_t i = 0; i < keys.size(); ++i) keys[i].key_ = std::make_shared<const Key>(Key{std::move(handles[i])});
  return keys;
}

bool PublicKey::suits(std::string_view algorithm) const {
  const int kind = EVP_PKEY_base_id(key_->handle.get());
  if (algorithm.starts_with("RS")) return kind == EVP_PKEY_RSA && EVP_PKEY_bits(key_->handle.get()) >= 2048;
  const int bits = algorithm == "ES256" ? 256 : algorithm == "ES384" ? 384 : 521;
  return kind == EVP_PKEY_EC && EVP_PKEY_bits(key_->handle.get()) == bits;
}

bool PublicKey::verify(std::string_view algorithm, std::string_view signed_text, std::string_view signature) const {
  if (!suits(algorithm)) return false;
  std::string der(signature);
  if (algorithm.starts_with("ES")) {
    const size_t part = (static_cast<size_t>(EVP_PKEY_bits(key_->handle.get())) + 7) / 8;
    if (signature.size() != 2 * part) return false;
    der = der_of(signature);
  }
  const Digest context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, digest_of(algorithm), nullptr, key_->handle.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(der), der.size(), bytes_of(signed_text), signed_text.size()) == 1;
}

std::optional<std::string> decode_base64url(std::string_view text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    bits = (bits << 6U) | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xFFU));
    }
  }
  // A single character left over, or bits set beyond the last byte, is no canonical text.
  if (count == 6 || (bits & ((1U << static_cast<unsigned>(count)) - 1U)) != 0) return std::nullopt;
  return out;
}

std::string encode_base64url(std::string_view bytes) {
  std::string out;
  uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : bytes) {
    bits = (bits << 8U) | static_cast<uint8_t>(c);
    count += 8;
    while (count >= 6) {
      count -= 6;
      out.push_back(kAlphabet[(bits >> count) & 0x3FU]);
    }
  }
  if (count > 0) out.push_back(kAlphabet[(bits << (6 - count)) & 0x3FU]);
  return out;
}

}  // namespace schedules::api
