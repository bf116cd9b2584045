#include "telemetry/instruments.h"

#include <chrono>
#include <thread>

#include <gmock/gmock.h>

namespace schedules {
namespace {

using testing::ElementsAre;

constexpr std::array kBounds{0.1, 1.0, 10.0};

TEST(Histogram, ValueFallsIntoTheBucketWhoseBoundItDoesNotExceed) {
  Histogram histogram(kBounds);
  for (const double value : {0.05, 0.1, 0.11, 10.0, 10.1, 1e9}) histogram.observe(value);
  EXPECT_THAT(histogram.snapshot().counts, ElementsAre(2, 1, 1, 2));
}

TEST(Histogram, BatchesCountAsTheirSingleValues) {
  Histogram one(kBounds);
  Histogram batch(kBounds);
  const std::vector<double> values{0.05, 0.5, 0.5, 5, 50};
  for (const double value : values) one.observe(value);
  batch.observe_all(values);
  EXPECT_EQ(one.snapshot().counts, batch.snapshot().counts);
  EXPECT_DOUBLE_EQ(one.snapshot().sum, batch.snapshot().sum);
  batch.observe_n(0.5, 7);
  EXPECT_EQ(batch.snapshot().counts[1], 9U);
  EXPECT_DOUBLE_EQ(batch.snapshot().sum, one.snapshot().sum + 3.5);
}

TEST(Histogram, ThreadsLoseNothing) {
  Histogram histogram(kBounds);
  Counter counter;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 10'000; ++i) {
          histogram.observe(0.5);
          counter.add();
        }
      });
    }
  }
  EXPECT_EQ(histogram.snapshot().counts[1], 40'000U);
  EXPECT_DOUBLE_EQ(histogram.snapshot().sum, 20'000);
  EXPECT_DOUBLE_EQ(counter.value(), 40'000);
}

TEST(Family, SameValuesGiveTheSameInstrument) {
  Family<Counter> family(2);
  auto& first = family.at({"a", "b"});
  first.add(2);
  EXPECT_EQ(&family.at({"a", "b"}), &first);
  EXPECT_NE(&family.at({"ab", ""}), &first);
}

TEST(Family, ValuesBeyondTheLimitCountAsOther) {
  Family<Gauge> family(1);
  for (size_t i = 0; i < kMaxLabelSets + 50; ++i) family.at({std::to_string(i)}).add(1);
  size_t sets = 0;
  double other = 0;
  family.each([&](const auto& values, const Gauge& gauge) {
    ++sets;
    if (values[0] == "other") other = gauge.value();
  });
  EXPECT_EQ(sets, kMaxLabelSets + 1);
  EXPECT_EQ(other, 50);
}

TEST(Family, KnownValuesStayTheirOwnBeyondTheLimit) {
  Family<Counter> family(1);
  for (size_t i = 0; i < kMaxLabelSets + 5; ++i) family.at({std::to_string(i)});
  auto& early = family.at({"0"});
  early.add();
  EXPECT_EQ(&family.at({"0"}), &early);
  EXPECT_EQ(&family.at({"new"}), &family.at({"newer"}));
}

TEST(Family, ThreadsMayAskForNewValuesAtOnce) {
  Family<Counter> family(1);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) family.at({std::to_string(i % 150)}).add();
      });
    }
  }
  double total = 0;
  family.each([&](const auto&, const Counter& counter) { total += counter.value(); });
  EXPECT_EQ(total, 4000);
}

}  // namespace
}  // namespace schedules
