#include "base/ids.h"

#include <gtest/gtest.h>

#include <set>

namespace schedules {
namespace {

TEST(EventId, IsAVersion4UuidInForm) {
  const auto random = seeded_random(1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(is_uuid4(random_id(*random).text()));
  EXPECT_TRUE(is_uuid4(derived_id("").text()));
}

TEST(EventId, DerivedFromTheSameTextIsTheSame) {
  EXPECT_EQ(derived_id("a"), derived_id("a"));
  EXPECT_NE(derived_id("a"), derived_id("b"));
  EXPECT_EQ(derived_id("reminder-123").text(), "6dfec6df-7dc0-41fc-895f-a35c85ff5de4") << "stored ids rely on it";
}

TEST(EventId, TextComesBack) {
  const auto id = derived_id("x");
  EXPECT_EQ(parse_id(id.text()), id);
  EXPECT_EQ(parse_id("3F2B8C1E-7D44-4A58-9B1F-0C2E5D6A7B81")->text(), "3f2b8c1e-7d44-4a58-9b1f-0c2e5d6a7b81");
}

TEST(EventId, OtherTextsAreNone) {
  for (const char* text : {"", "3f2b8c1e", "3f2b8c1e-7d44-4a58-9b1f-0c2e5d6a7b8",
                           "3f2b8c1e-7d44-4a58-9b1f-0c2e5d6a7b8g", "3f2b8c1e+7d44-4a58-9b1f-0c2e5d6a7b81"}) {
    EXPECT_FALSE(parse_id(text)) << text;
  }
  EXPECT_FALSE(is_uuid4("3f2b8c1e-7d44-1a58-9b1f-0c2e5d6a7b81"));
}

TEST(StableHash, NeverChanges) {
  EXPECT_EQ(stable_hash("schedules"), stable_hash(std::string("schedules")));
  EXPECT_NE(stable_hash("schedules"), stable_hash("schedules", 1));
  EXPECT_NE(stable_hash("a"), stable_hash(std::string_view("a\0", 2)));
  EXPECT_EQ(stable_hash({}), stable_hash(""));
}

TEST(ObjectId, IsTwentyFourHexDigits) {
  const auto random = seeded_random(2);
  std::set<std::string> ids;
  for (int i = 0; i < 100; ++i) ids.insert(new_object_id(1'767'225'600, *random));
  EXPECT_EQ(ids.size(), 100U);
  for (const auto& id : ids) EXPECT_TRUE(is_object_id(id));
  EXPECT_FALSE(is_object_id("XYZ"));
}

}  // namespace
}  // namespace schedules
