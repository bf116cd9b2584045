#include "base/codec.h"

#include <gtest/gtest.h>

#include <limits>

namespace schedules {
namespace {

TEST(Codec, NumbersComeBack) {
  for (const int64_t value : {int64_t{0}, int64_t{-1}, int64_t{63}, int64_t{-64}, int64_t{1} << 40,
                              std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()}) {
    std::string out;
    Writer(out).svarint(value);
    Reader in(out);
    EXPECT_EQ(in.svarint(), value);
    EXPECT_TRUE(in.ok() && in.at_end());
  }
}

TEST(Codec, SmallNumbersAreShort) {
  std::string out;
  Writer(out).svarint(-5);
  EXPECT_EQ(out.size(), 1U);
}

TEST(Codec, ALengthBeyondTheEndTurnsBad) {
  std::string out;
  Writer(out).varint(1'000);
  Reader in(out);
  EXPECT_EQ(in.text(), "");
  EXPECT_FALSE(in.ok());
}

TEST(Codec, AnEndlessNumberTurnsBad) {
  const std::string out(11, '\xFF');
  Reader in(out);
  EXPECT_EQ(in.varint(), 0U);
  EXPECT_FALSE(in.ok());
}

TEST(Codec, BigEndianOrderIsNumberOrder) {
  std::string small;
  std::string large;
  append_be64(small, 255);
  append_be64(large, 256);
  EXPECT_LT(small, large);
  EXPECT_EQ(read_be64(large), 256U);
}

}  // namespace
}  // namespace schedules
