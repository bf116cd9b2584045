#include "base/random.h"

#include <openssl/rand.h>

#include <array>
#include <mutex>

#include "base/check.h"

namespace schedules {
namespace {

// Bytes are drawn in blocks: one library call serves 64 ids' worth.
class SystemRandom final : public Random {
 public:
  uint64_t next() override {
    const std::scoped_lock lock(mutex_);
    if (used_ == block_.size()) {
      CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(block_.data()), sizeof(block_)) == 1);
      used_ = 0;
    }
    return block_[used_++];
  }

 private:
  std::mutex mutex_;
  std::array<uint64_t, 128> block_{};
  size_t used_ = block_.size();
};

// SplitMix64: small, fast, and good enough to choose faults by.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t next() override {
    const std::scoped_lock lock(mutex_);
    uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
  }

 private:
  std::mutex mutex_;
  uint64_t state_;
};

}  // namespace

std::unique_ptr<Random> system_random() { return std::make_unique<SystemRandom>(); }
std::unique_ptr<Random> seeded_random(uint64_t seed) { return std::make_unique<SeededRandom>(seed); }

}  // namespace schedules
