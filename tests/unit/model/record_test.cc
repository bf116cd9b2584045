#include "model/record.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "tests/unit/model/full_event.h"

namespace schedules {
namespace {

using testing::full_event;

std::string packed(const StoredEvent& stored) {
  std::string out;
  pack(stored, out);
  return out;
}

StoredEvent finished() {
  return StoredEvent{.event = full_event(),
                     .state = State::skipped,
                     .tier = Tier::far,
                     .outcome = Outcome{.state = State::skipped,
                                        .at = from_micros(1'767'225'700'000'000),
                                        .settled_at = from_micros(1'767'225'700'000'500),
                                        .reason = "expired",
                                        .detail = "too late",
                                        .sink = "webhook",
                                        .position = "HTTP 200"}};
}

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return out;
}

std::string golden(const std::string& name) {
  std::ifstream file(fmt::format("{}/{}", GOLDEN_DIR, name));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  std::erase(text, '\n');
  return text;
}

TEST(Record, PendingEventComesBackWhole) {
  const StoredEvent stored{.event = full_event()};
  const auto back = unpack(packed(stored));
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(packed(*back), packed(stored));
  EXPECT_EQ(back->event.body, stored.event.body);
  EXPECT_EQ(back->event.headers, stored.event.headers);
  EXPECT_EQ(back->event.max_delay, stored.event.max_delay);
  EXPECT_EQ(back->event.fingerprint, stored.event.fingerprint);
  EXPECT_EQ(back->event.attempts.at(0).error, "HTTP 503");
  EXPECT_EQ(back->event.priority, -3);
}

TEST(Record, FinishedEventKeepsEverythingButBodyAndHeaders) {
  const auto back = unpack(packed(finished()));
  ASSERT_TRUE(back);
  EXPECT_TRUE(back->event.body.empty());
  EXPECT_TRUE(back->event.headers.empty());
  EXPECT_EQ(back->state, State::skipped);
  EXPECT_EQ(back->tier, Tier::far);
  EXPECT_EQ(back->outcome.reason, "expired");
  EXPECT_EQ(back->outcome.position, "HTTP 200");
  EXPECT_EQ(back->event.topic, "orders.created");
}

TEST(Record, LayoutOneIsReadAsItWasWritten) {
  EXPECT_EQ(hex(packed(StoredEvent{.event = full_event()})), golden("pending.1.hex"));
  EXPECT_EQ(hex(packed(finished())), golden("finished.1.hex"));
}

TEST(Record, EveryCutIsNoticed) {
  const auto bytes = packed(StoredEvent{.event = full_event()});
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(unpack(std::string_view(bytes).substr(0, size))) << size;
  }
}

TEST(Record, TrailingBytesAreNoticed) {
  const auto back = unpack(packed(finished()) + "x");
  ASSERT_FALSE(back);
  EXPECT_EQ(back.error().code, Code::corrupt);
}

TEST(Record, NewerLayoutIsSaidToBeNewer) {
  auto bytes = packed(finished());
  bytes[0] = static_cast<char>(kRecordLayout + 1);
  EXPECT_EQ(unpack(bytes).error().code, Code::newer_layout);
}

}  // namespace
}  // namespace schedules
