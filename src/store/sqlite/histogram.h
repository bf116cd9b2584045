// Counts of durations in buckets whose width grows with the value: exact below 64 µs, then 64
// buckets for each power of two, so that a value read back is at most 0.8 % off. Buckets add and
// subtract, so hours can be merged and expired rows taken out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules::sqlite {

class Histogram {
 public:
  /// Negative values count as 0.
  static uint32_t bucket_of(int64_t micros);
  /// The middle of a bucket.
  static double value_of(uint32_t bucket);

  void add(int64_t micros, int64_t count = 1) { add_bucket(bucket_of(micros), count); }
  void add(const Histogram& other, int64_t sign = 1);
  /// The smallest value that at least `rank` of the counted ones do not exceed (nearest rank, from
  /// 1).
  [[nodiscard]] double at_rank(uint64_t rank) const;

  void pack(std::string& out) const;
  /// Errors: corrupt.
  static Result<Histogram> unpack(std::string_view bytes);

 private:
  void add_bucket(uint32_t bucket, int64_t count);
  void cover(uint32_t first, uint32_t last);

  // Values of one kind lie close together, so an array from the first bucket on is small, and adding is quick.
  uint32_t first_ = 0;
  std::vector<int64_t> counts_;
};

}  // namespace schedules::sqlite
