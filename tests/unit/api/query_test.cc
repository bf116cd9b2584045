#include <gtest/gtest.h>

#include "api/query.h"

namespace schedules::api {
namespace {

TEST(Query, ReadsParametersOfEachKind) {
  Query query("a=x%20y&n=5&f=true&t=2026-01-05T08%3A00%3A00Z&r=1&r=2&empty=");
  EXPECT_EQ(query.text("a"), "x y");
  EXPECT_EQ(query.integer("n", 1, 5), 5);
  EXPECT_EQ(query.flag("f"), true);
  EXPECT_EQ(query.time("t"), from_micros(1'767'600'000'000'000));
  EXPECT_EQ(query.texts("r"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query.text("empty"), std::nullopt);
  EXPECT_EQ(query.text("absent"), std::nullopt);
  EXPECT_TRUE(query.strict_status());
}

TEST(Query, TellsAllFaults) {
  Query query("n=9&m=x&f=maybe&t=soon");
  query.integer("n", 1, 5);
  query.integer("m", 1, 5);
  query.flag("f");
  query.time("t");
  const auto status = query.status();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Code::out_of_range);
  EXPECT_EQ(status.error().field, "query:n");
  ASSERT_EQ(status.error().more.size(), 3U);
  EXPECT_EQ(status.error().more[0].code, Code::wrong_type);
  EXPECT_EQ(status.error().more[2].code, Code::invalid_time);
}

TEST(Query, RefusesUnknownParametersWhereStrict) {
  Query query("limt=5");
  query.integer("limit", 1, 10);
  EXPECT_TRUE(query.status());
  const auto status = query.strict_status();
  ASSERT_FALSE(status);
  EXPECT_NE(status.error().detail.find("did you mean limit?"), std::string::npos);
}

TEST(Query, RefusesWhatIsNotUtf8) {
  EXPECT_FALSE(Query("a=%ff").status());
  EXPECT_FALSE(Query("a=%4").status());
}

TEST(Query, RefusesNumbersThatDoNotFit) {
  Query query("n=99999999999999999999");
  query.integer("n", 0, 10);
  EXPECT_EQ(query.status().error().code, Code::out_of_range);
}

}  // namespace
}  // namespace schedules::api
