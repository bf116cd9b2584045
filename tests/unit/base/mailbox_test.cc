#include "base/mailbox.h"

#include <gtest/gtest.h>

namespace schedules {
namespace {

TEST(Mailbox, WakesOnlyForTheFirstMessage) {
  Mailbox box;
  int wakes = 0;
  box.on_first([&] { ++wakes; });
  box.post([] {});
  box.post([] {});
  EXPECT_EQ(wakes, 1);
  EXPECT_EQ(box.drain().size(), 2U);
  box.post([] {});
  EXPECT_EQ(wakes, 2);
}

TEST(Mailbox, KeepsOrder) {
  Mailbox box;
  std::string seen;
  for (const char c : {'a', 'b', 'c'}) box.post([&seen, c] { seen += c; });
  for (auto& message : box.drain()) message();
  EXPECT_EQ(seen, "abc");
}

TEST(Mailbox, DropsWhatComesAfterClose) {
  Mailbox box;
  box.post([] {});
  box.close();
  box.post([] {});
  EXPECT_TRUE(box.drain().empty());
}

}  // namespace
}  // namespace schedules
