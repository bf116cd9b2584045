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

// Makes the array hold both.
void Histogram::cover(uint32_t first, uint32_t last) {
  if (counts_.empty()) first_ = first;
  if (first < first_) {
    counts_.insert(counts_.begin(), first_ - first, 0);
    first_ = first;
  }
  if (last - first_ >= counts_.size()) counts_.resize(last - first_ + 1);
}

void Histogram::add_bucket(uint32_t bucket, int64_t count) {
  cover(bucket, bucket);
  counts_[bucket - first_] += count;
}

void Histogram::add(const Histogram& other, int64_t sign) {
  if (other.counts_.empty()) return;
  cover(other.first_, other.first_ + static_cast<uint32_t>(other.counts_.size()) - 1);
  const size_t offset = other.first_ - first_;
  for (size_t i = 0; i < other.counts_.size(); ++i) counts_[offset + i] += sign * other.counts_[i];
}

double Histogram::at_rank(uint64_t rank) const {
  int64_t left = static_cast<int64_t>(rank);
  uint32_t last = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    last = first_ + static_cast<uint32_t>(i);
    left -= counts_[i];
    if (left <= 0) break;
  }
  return value_of(last);
}

void Histogram::pack(std::string& out) const {
  Writer writer(out);
  uint32_t last = 0;
  for (size_t i = 0; i < counts_.size(); ++i) {
    if (counts_[i] == 0) continue;
    const uint32_t bucket = first_ + static_cast<uint32_t>(i);
    writer.varint(bucket - last);
    writer.svarint(counts_[i]);
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
