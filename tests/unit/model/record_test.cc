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

std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2) {
    out.push_back(static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  }
  return out;
}

TEST(Record, LayoutTwoIsWritten) {
  EXPECT_EQ(hex(packed(StoredEvent{.event = full_event()})), golden("pending.2.hex"));
  EXPECT_EQ(hex(packed(finished())), golden("finished.2.hex"));
}

TEST(Record, LayoutOneIsReadAsItWasWritten) {
  const auto pending = unpack(from_hex(golden("pending.1.hex")));
  ASSERT_TRUE(pending) << pending.error().detail;
  EXPECT_EQ(packed(*pending), packed(StoredEvent{.event = full_event()}));
  const auto ended = unpack(from_hex(golden("finished.1.hex")));
  ASSERT_TRUE(ended) << ended.error().detail;
  EXPECT_EQ(packed(*ended), packed(finished()));
}

TEST(Record, WhatIsAsUsualTakesNoBytes) {
  Event plain;
  plain.id = full_event().id;
  plain.topic = "orders";
  plain.entity_type = "order";
  plain.action = "remind";
  plain.source = "api_request";
  plain.due_at = plain.fire_at = full_event().due_at;
  plain.created_at = plain.due_at - std::chrono::hours(1);
  plain.fingerprint = full_event().fingerprint;
  const auto bytes = packed(StoredEvent{.event = plain});
  EXPECT_LT(bytes.size(), 80U);
  const auto back = unpack(bytes);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_EQ(back->event.body, "{}");
  EXPECT_EQ(back->event.actor_id, "scheduler");
  EXPECT_EQ(back->event.fire_at, plain.due_at);
  EXPECT_EQ(back->event.created_at, plain.created_at);
  EXPECT_EQ(back->event.max_retries, 3U);
  EXPECT_EQ(back->event.retry_delay, std::chrono::seconds(60));
  EXPECT_EQ(packed(*back), bytes);
}

TEST(Record, EachFieldAloneComesBack) {
  Event base;
  base.id = full_event().id;
  base.source = "api_request";
  const auto alone = [&](auto set) {
    Event one = base;
    set(one);
    const auto bytes = packed(StoredEvent{.event = one});
    const auto back = unpack(bytes);
    ASSERT_TRUE(back);
    EXPECT_EQ(packed(*back), bytes);
    EXPECT_NE(bytes, packed(StoredEvent{.event = base}));
  };
  alone([](Event& e) { e.key = "k"; });
  alone([](Event& e) { e.actor_type = ""; });
  alone([](Event& e) { e.tags = {"", "t"}; });
  alone([](Event& e) { e.target = {TargetKind::webhook, "http://x"}; });
  alone([](Event& e) { e.source = ""; });
  alone([](Event& e) { e.fire_at = from_micros(-5); });
  alone([](Event& e) { e.max_delay = std::chrono::seconds(0); });
  alone([](Event& e) { e.max_retries = 0; });
  alone([](Event& e) { e.retry_delay = std::chrono::milliseconds(0); });
  alone([](Event& e) { e.nominal_at = TimePoint{}; });
  alone([](Event& e) { e.body = ""; });
  alone([](Event& e) { e.headers = {{"", ""}}; });
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
