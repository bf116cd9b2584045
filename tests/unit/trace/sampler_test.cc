#include "trace/sampler.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace schedules::trace {
namespace {

TraceId with_tail(uint8_t byte) {
  TraceId id;
  id.bytes.fill(byte);
  return id;
}

size_t taken_of(const Sampler& sampler, size_t count) {
  const auto random = seeded_random(3);
  size_t taken = 0;
  for (size_t i = 0; i < count; ++i) taken += sampler.takes(own_trace(random_id(*random))) ? 1 : 0;
  return taken;
}

TEST(Sampler, TakesNoneOrAllAtTheEnds) {
  for (const int byte : {0, 1, 0x7f, 0x80, 0xff}) {
    EXPECT_FALSE(Sampler(0).takes(with_tail(static_cast<uint8_t>(byte)))) << byte;
    EXPECT_FALSE(Sampler(-1).takes(with_tail(static_cast<uint8_t>(byte)))) << byte;
    EXPECT_TRUE(Sampler(1).takes(with_tail(static_cast<uint8_t>(byte)))) << byte;
    EXPECT_TRUE(Sampler(2).takes(with_tail(static_cast<uint8_t>(byte)))) << byte;
  }
}

TEST(Sampler, TakesItsShareOfEventIds) {
  EXPECT_NEAR(static_cast<double>(taken_of(Sampler(0.01), 100'000)), 1'000, 150);
  EXPECT_NEAR(static_cast<double>(taken_of(Sampler(0.5), 100'000)), 50'000, 1'000);
}

TEST(Sampler, WhatASmallerShareTakesALargerOneTakesToo) {
  const auto random = seeded_random(4);
  const Sampler small(0.1);
  const Sampler large(0.3);
  for (int i = 0; i < 10'000; ++i) {
    const auto id = own_trace(random_id(*random));
    EXPECT_TRUE(!small.takes(id) || large.takes(id));
  }
}

TEST(Sampler, AChangedShareHoldsAtOnce) {
  Sampler sampler(0);
  sampler.set(1);
  EXPECT_TRUE(sampler.takes(with_tail(0xff)));
}

}  // namespace
}  // namespace schedules::trace
