#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {
namespace {

std::vector<std::string> details(const DeadLetterPage& page) {
  std::vector<std::string> found;
  for (const auto& letter : page.letters) found.push_back(letter.detail);
  return found;
}

}  // namespace

using Details = std::vector<std::string>;

TEST_P(DeadLetterStoreTest, LetterComesBackWhole) {
  const auto letter = full_letter(1);
  ASSERT_TRUE(bury({letter}));
  const auto stored = get(letter.event.id);
  ASSERT_TRUE(stored);
  EXPECT_EQ(difference(*stored, letter), "");
  EXPECT_EQ(stored->event.body, letter.event.body);
  EXPECT_EQ(stored->event.headers, letter.event.headers);
  EXPECT_EQ(stored->event.attempts.size(), 2U);
  EXPECT_EQ(difference(find({}).letters.at(0), letter), "");
}

TEST_P(DeadLetterStoreTest, LargestBodyComesBack) {
  auto letter = full_letter(1);
  letter.event.body = "\"" + std::string(kMaxBodyBytes - 2, 'x') + "\"";
  ASSERT_TRUE(bury({letter}));
  EXPECT_EQ(get(letter.event.id)->event.body, letter.event.body);
}

TEST_P(DeadLetterStoreTest, UnknownIdHasNoLetter) { EXPECT_FALSE(get(event_id(1))); }

TEST_P(DeadLetterStoreTest, SameEventReplacesItsLetter) {
  ASSERT_TRUE(bury({full_letter(1), full_letter(2)}));
  auto again = full_letter(1);
  again.reason = "expired_retry";
  again.detail = "second death";
  again.event.topic = "elsewhere";
  again.died_at = at_second(500);
  ASSERT_TRUE(bury({again, again}));
  EXPECT_EQ(count(), 2U);
  EXPECT_EQ(difference(*get(again.event.id), again), "");
  EXPECT_EQ(details(find({})), (Details{"second death", "why 2"}));
  EXPECT_EQ(details(find({.topic = "elsewhere"})), Details{"second death"});
  EXPECT_TRUE(find({.topic = "topic 1"}).letters.empty());
}

TEST_P(DeadLetterStoreTest, NewestFirst) {
  ASSERT_TRUE(bury({full_letter(2), full_letter(3), full_letter(1)}));
  EXPECT_EQ(details(find({})), (Details{"why 3", "why 2", "why 1"}));
  EXPECT_EQ(find({}).next_cursor, "");
}

TEST_P(DeadLetterStoreTest, EachFilterSelects) {
  ASSERT_TRUE(bury({full_letter(1), full_letter(2), full_letter(3), full_letter(4)}));
  EXPECT_EQ(details(find({.topic = "topic 3"})), Details{"why 3"});
  EXPECT_EQ(details(find({.reason = "rejected"})), (Details{"why 3", "why 1"}));
  EXPECT_EQ(details(find({.schedule_id = object_id(2)})), Details{"why 2"});
  EXPECT_EQ(details(find({.died_from = at_second(2), .died_to = at_second(4)})), (Details{"why 3", "why 2"}));
  EXPECT_EQ(details(find({.reason = "rejected", .died_from = at_second(2)})), Details{"why 3"});
  EXPECT_TRUE(find({.topic = "nowhere"}).letters.empty());
}

TEST_P(DeadLetterStoreTest, PagesHaveNoGapsAndNoRepeats) {
  constexpr uint64_t kCount = 47;
  std::vector<DeadLetter> letters;
  for (uint64_t i = 0; i < kCount; ++i) {
    letters.push_back(full_letter(i));
    letters.back().died_at = at_second(static_cast<int64_t>(i / 9));  // many at the same time
  }
  ASSERT_TRUE(bury(letters));
  for (const std::optional<std::string>& reason :
       {std::optional<std::string>{}, std::optional<std::string>{"rejected"}}) {
    DeadLetterFilter filter{.reason = reason, .limit = 5};
    Details seen;
    TimePoint last = TimePoint::max();
    do {
      const auto page = find(filter);
      EXPECT_LE(page.letters.size(), 5U);
      for (const auto& letter : page.letters) {
        EXPECT_LE(letter.died_at, last);
        last = letter.died_at;
        seen.push_back(letter.detail);
      }
      // What is buried meanwhile is newer than the page and does not move it.
      ASSERT_TRUE(bury({full_letter(1000 + seen.size())}));
      filter.cursor = page.next_cursor;
    } while (!filter.cursor.empty());
    EXPECT_EQ(seen.size(), reason ? kCount / 2 : kCount);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), seen.size());
    for (uint64_t i = 0; i <= kCount; ++i) drop({event_id(1000 + i)});
  }
}

TEST_P(DeadLetterStoreTest, ForeignCursorIsRefused) {
  const auto page = await<DeadLetterPage>([&](auto done) { store.find_letters({.cursor = "x'--"}, std::move(done)); });
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code, Code::invalid_argument);
  EXPECT_EQ(page.error().field, "cursor");
}

TEST_P(DeadLetterStoreTest, DroppedIsGone) {
  ASSERT_TRUE(bury({full_letter(1), full_letter(2), full_letter(3)}));
  EXPECT_EQ(count(), 3U);
  EXPECT_EQ(drop({event_id(1), event_id(3), event_id(77)}), 2U);
  EXPECT_EQ(drop({event_id(1)}), 0U);
  EXPECT_EQ(count(), 1U);
  EXPECT_FALSE(get(event_id(1)));
  EXPECT_EQ(details(find({})), Details{"why 2"});
}

}  // namespace schedules::testing
