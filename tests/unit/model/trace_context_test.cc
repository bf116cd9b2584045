#include "model/trace_context.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/unit/model/full_event.h"

namespace schedules {
namespace {

constexpr std::string_view kText = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Traceparent, IsReadIntoItsParts) {
  const auto context = parse_traceparent(kText).value();
  EXPECT_EQ(context.trace.text(), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(context.span.text(), "b7ad6b7169203331");
  EXPECT_TRUE(context.sampled);
  EXPECT_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00").value().sampled);
}

TEST(Traceparent, OtherFlagsAreNotSampled) {
  EXPECT_FALSE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe").value().sampled);
  EXPECT_TRUE(parse_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03").value().sampled);
}

TEST(Traceparent, OfALaterVersionIsReadAsFarAsItIsKnown) {
  const std::string later = "cc" + std::string(kText.substr(2));
  EXPECT_EQ(parse_traceparent(later), parse_traceparent(kText));
  EXPECT_EQ(parse_traceparent(later + "-what-the-future-brings"), parse_traceparent(kText));
  EXPECT_EQ(parse_traceparent(later + ".what"), std::nullopt);
}

TEST(Traceparent, WhatTheW3cCallsInvalidIsNone) {
  const std::string text(kText);
  for (const std::string& bad : std::vector<std::string>{
           "",
           text.substr(1),
           text.substr(0, 54),
           text + "-",
           text + "0",
           " " + text.substr(1),
           "ff" + text.substr(2),
           "0x" + text.substr(2),
           "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331_01",
       }) {
    EXPECT_EQ(parse_traceparent(bad), std::nullopt) << bad;
  }
}

TEST(Traceparent, WhatIsWrittenIsReadBack) {
  const auto random = seeded_random(1);
  for (int i = 0; i < 1'000; ++i) {
    const TraceContext context{.trace = own_trace(random_id(*random)),
                               .span = {.bytes = {1, static_cast<uint8_t>(random->below(256))}},
                               .sampled = random->below(2) == 1};
    EXPECT_EQ(parse_traceparent(format_traceparent(context)), context);
  }
}

// Whatever is done to a text, it is refused or means just what it says.
TEST(Traceparent, ADamagedTextIsRefusedOrMeansWhatItSays) {
  const auto random = seeded_random(2);
  constexpr std::string_view kLetters = "0123456789abcdefABCDEFgz-_ \t\x7f";
  size_t read = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text(kText);
    for (uint64_t changes = 1 + random->below(3); changes > 0; --changes) {
      const size_t at = random->below(text.size());
      const char letter = kLetters[random->below(kLetters.size())];
      switch (random->below(3)) {
        case 0:
          text[at] = letter;
          break;
        case 1:
          text.erase(at, 1);
          break;
        default:
          text.insert(at, 1, letter);
      }
    }
    const auto context = parse_traceparent(text);
    if (!context) continue;
    ++read;
    ASSERT_GE(text.size(), 55U) << text;
    EXPECT_EQ(format_traceparent(*context).substr(2, 51), text.substr(2, 51));
    EXPECT_NE(text.substr(0, 2), "ff");
    EXPECT_TRUE(!text.starts_with("00") || text.size() == 55) << text;
  }
  EXPECT_GT(read, 1'000U);
}

TEST(Traceparent, AnEventBelongsToItsCallersTraceOrToOneOfItsOwn) {
  auto event = testing::full_event();
  EXPECT_EQ(trace_of(event).text(), "0af7651916cd43dd8448eb211c80319c");
  for (const char* none : {"", "nonsense"}) {
    event.traceparent = none;
    std::string digits = event.id.text();
    std::erase(digits, '-');
    EXPECT_EQ(trace_of(event).text(), digits);
  }
}

}  // namespace
}  // namespace schedules
