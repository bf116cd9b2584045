#include "store/sqlite/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/codec.h"

namespace schedules::sqlite {
namespace {

constexpr uint32_t kStepBits = 6;
constexpr uint32_t kStepsOfOctave = 1U << kStepBits;

}  // namespace

uint32_t Histogram::bucket_of(int64_t micros) {
  const auto value = static_cast<uint64_t>(std::max<int64_t>(micros, 0));
  if (value < kStepsOfOctave) return static_cast<uint32_t>(value);
  // The highest bit chooses the power of two, the six below it the step.
  const auto octave = static_cast<uint32_t>(std::bit_width(value)) - kStepBits - 1;
  return (octave << kStepBits) + static_cast<uint32_t>(value >> octave);
}

double Histogram::value_of(uint32_t bucket) {
  if (bucket < 2 * kStepsOfOctave) return bucket;
  const uint32_t octave = (bucket >> kStepBits) - 1;
  const uint32_t step = (bucket & (kStepsOfOctave - 1)) + kStepsOfOctave;
  return (step + 0.5) * std::ldexp(1.0, static_cast<int>(octave)) - 0.5;
}

void Histogram::add_bucket(uint32_t bucket, int64_t count) {
  const auto [found, fresh] = counts_.try_emplace(bucket, count);
  if (!fresh) found->second += count;
  if (found->second == 0) counts_.erase(found);
}

void Histogram::add(const Histogram& other, int64_t sign) {
  for (const auto& [bucket, count] : other.counts_) add_bucket(bucket, sign * count);
}

double Histogram::at_rank(uint64_t rank) const {
  int64_t left = static_cast<int64_t>(rank);
  for (const auto& [bucket, count] : counts_) {
    left -= count;
    if (left <= 0) return value_of(bucket);
  }
  return counts_.empty() ? 0 : value_of(counts_.rbegin()->first);
}

void Histogram::pack(std::string& out) const {
  Writer writer(out);
  uint32_t last = 0;
  for (const auto& [bucket, count] : counts_) {
    writer.varint(bucket - last);
    writer.svarint(count);
    last = bucket;
  }
}

Result<Histogram> Histogram::unpack(std::string_view bytes) {
  Histogram histogram;
  Reader reader(bytes);
  uint64_t bucket = 0;
  while (reader.ok() && !reader.at_end()) {
    bucket += reader.varint();
    const int64_t count = reader.svarint();
    if (bucket > bucket_of(INT64_MAX)) return fail(Code::corrupt, "a histogram has an impossible bucket");
    histogram.add_bucket(static_cast<uint32_t>(bucket), count);
  }
  if (!reader.ok()) return fail(Code::corrupt, "a histogram of {} bytes cannot be read", bytes.size());
  return histogram;
}

}  // namespace schedules::sqlite
