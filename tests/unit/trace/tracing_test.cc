#include "trace/tracing.h"

#include <gtest/gtest.h>

#include "tests/unit/trace/samples.h"

namespace schedules::trace {
namespace {

constexpr const char* kSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char* kNotSampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

class NoCollector final : public Collector {
 public:
  Receipt post(const std::string&) override { return Receipt{.status = 200}; }
  void stop() override {}
};

Tracing tracing(double ratio) { return {TracingOptions{.ratio = ratio}, std::make_unique<NoCollector>()}; }

Event event_with(std::string traceparent) {
  Event event;
  event.id = testing::id_of("event");
  event.traceparent = std::move(traceparent);
  return event;
}

TEST(Tracing, TheCallerDecidesForItsTrace) {
  const Tracing none = tracing(0);
  const Tracing all = tracing(1);
  EXPECT_EQ(none.recorded(event_with(kSampled)), parse_traceparent(kSampled));
  EXPECT_EQ(all.recorded(event_with(kNotSampled)), std::nullopt);
}

TEST(Tracing, TheShareDecidesForTracesThatBeginHere) {
  for (const char* without : {"", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01"}) {
    EXPECT_EQ(tracing(0).recorded(event_with(without)), std::nullopt) << without;
    const auto begun = tracing(1).recorded(event_with(without)).value();
    EXPECT_EQ(begun.trace, own_trace(testing::id_of("event"))) << without;
    EXPECT_TRUE(begun.span.none());
    EXPECT_TRUE(begun.sampled);
  }
}

TEST(Tracing, CountsWhatIsExported) {
  Tracing one = tracing(1);
  one.record(testing::sample_steps(3));
  one.stop(std::chrono::seconds(20));
  EXPECT_EQ(one.counts().exported, 3U);
  one.record(testing::sample_steps(2));
  EXPECT_EQ(one.counts().dropped, 2U);
}

}  // namespace
}  // namespace schedules::trace
