#include "cli/event_stream.h"

#include <vector>

#include <gmock/gmock.h>

namespace schedules::cli {
namespace {

using testing::ElementsAre;

std::vector<std::string> read(const std::vector<std::string>& parts, EventStream* keep = nullptr) {
  std::vector<std::string> out;
  EventStream stream([&](const StreamEvent& event) {
    out.push_back(event.name + "|" + event.id + "|" + event.data);
    return true;
  });
  for (const auto& part : parts) stream.feed(part);
  if (keep != nullptr) *keep = std::move(stream);
  return out;
}

TEST(EventStream, EventEndsWithABlankLine) {
  EXPECT_THAT(read({"id: 7\nevent: fired\ndata: {\"a\":1}\n\n"}), ElementsAre("fired|7|{\"a\":1}"));
  EXPECT_THAT(read({"data: x\n"}), ElementsAre());
}

TEST(EventStream, PartsMayBreakAnywhere) {
  const std::string whole = "id: 1\r\ndata: one\r\n\r\nid: 2\ndata: two\n\n";
  std::vector<std::string> letters;
  for (const char c : whole) letters.emplace_back(1, c);
  EXPECT_THAT(read(letters), ElementsAre("message|1|one", "message|2|two"));
  EXPECT_THAT(read({whole}), ElementsAre("message|1|one", "message|2|two"));
}

TEST(EventStream, CommentsAndEventsWithoutDataAreLeftOut) {
  EXPECT_THAT(read({": keep-alive\n\nevent: x\n\ndata: y\n\n"}), ElementsAre("message||y"));
}

TEST(EventStream, DataLinesAreJoined) {
  EXPECT_THAT(read({"data: a\ndata:b\ndata\n\n"}), ElementsAre("message||a\nb\n"));
}

TEST(EventStream, IdStaysUntilTheNextOne) {
  EventStream stream({});
  EXPECT_THAT(read({"id: 5\ndata: a\n\ndata: b\n\n"}, &stream), ElementsAre("message|5|a", "message|5|b"));
  EXPECT_EQ(stream.last_id(), "5");
}

TEST(EventStream, RetryIsKept) {
  EventStream stream({});
  read({"retry: 2000\n\n", "retry: soon\n\n"}, &stream);
  EXPECT_EQ(stream.retry_ms(), 2000);
}

TEST(EventStream, BrokenOffEventIsForgotten) {
  std::vector<std::string> seen;
  EventStream stream([&](const StreamEvent& event) {
    seen.push_back(event.data);
    return true;
  });
  stream.feed("id: 3\ndata: half");
  stream.restart();
  stream.feed("data: whole\n\n");
  EXPECT_THAT(seen, ElementsAre("whole"));
  EXPECT_EQ(stream.last_id(), "");
}

TEST(EventStream, StopsWhenTheTakerHasEnough) {
  int seen = 0;
  EventStream stream([&](const StreamEvent&) { return ++seen < 2; });
  EXPECT_FALSE(stream.feed("data: a\n\ndata: b\n\ndata: c\n\n"));
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace schedules::cli
