// Runs a fuzz target without a fuzzer: each line of its seed file, then random changes of the
// lines. The same inputs in every run.
#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>

#include "base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace schedules {
namespace {

constexpr int kChanges = 20'000;

void run(const std::string& input) {
  // A copy of the exact size, so that a sanitizer sees reads beyond it.
  const std::vector<uint8_t> bytes(input.begin(), input.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

std::string changed(std::string input, const std::string& other, Random& random) {
  for (uint64_t left = 1 + random.below(3); left > 0; --left) {
    const size_t at = input.empty() ? 0 : random.below(input.size());
    switch (random.below(5)) {
      case 0:
        input.insert(at, 1, static_cast<char>(random.below(256)));
        break;
      case 1:
        if (!input.empty()) input.erase(at, 1 + random.below(3));
        break;
      case 2:
        if (!input.empty()) input[at] = static_cast<char>(random.below(256));
        break;
      case 3:
        input.insert(at, other.substr(0, random.below(other.size() + 1)));
        break;
      default:
        if (!other.empty() && !input.empty()) input[at] = other[random.below(other.size())];
        break;
    }
  }
  return input;
}

TEST(FuzzReplay, SeedsAndTheirChangesDoNoHarm) {
  std::vector<std::string> seeds;
  std::ifstream file(SCHEDULES_FUZZ_SEEDS);
  for (std::string line; std::getline(file, line);) seeds.push_back(line);
  ASSERT_FALSE(seeds.empty());
  run("");
  for (const auto& seed : seeds) run(seed);
  const auto random = seeded_random(1);
  for (int i = 0; i < kChanges; ++i) {
    run(changed(seeds[random->below(seeds.size())], seeds[random->below(seeds.size())], *random));
  }
}

}  // namespace
}  // namespace schedules
