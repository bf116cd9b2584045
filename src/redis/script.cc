#include <array>

#include <openssl/sha.h>

#include "redis/client.h"

namespace schedules::redis {

Script::Script(std::string text) : text_(std::move(text)) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text_.data()), text_.size(), digest.data());
  for (const unsigned char byte : digest) sha_ += fmt::format("{:02x}", byte);
}

}  // namespace schedules::redis
