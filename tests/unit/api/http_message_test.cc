#include <gtest/gtest.h>

#include "api/http/message.h"

namespace schedules::http {
namespace {

TEST(Percent, DecodesEscapes) {
  std::string out;
  EXPECT_TRUE(decode_percent("a%20b%2Fc%c3%a9", Plus::literal, out));
  EXPECT_EQ(out, "a b/cé");
}

TEST(Percent, PlusIsASpaceInQueriesOnly) {
  std::string out;
  EXPECT_TRUE(decode_percent("a+b", Plus::space, out));
  EXPECT_EQ(out, "a b");
  EXPECT_TRUE(decode_percent("a+b", Plus::literal, out));
  EXPECT_EQ(out, "a+b");
}

TEST(Percent, RefusesBrokenEscapes) {
  std::string out;
  for (const std::string_view text : {"%", "a%2", "%zz", "%1g"})
    EXPECT_FALSE(decode_percent(text, Plus::literal, out)) << text;
}

TEST(Request, FindsHeadersInAnyCase) {
  Request request;
  request.headers = {{"Content-Type", "x"}};
  EXPECT_EQ(request.header("content-type"), "x");
  EXPECT_EQ(request.header("Content"), "");
}

TEST(Request, SplitsTheTarget) {
  Request request;
  request.target = "/a/b?c=d?e";
  EXPECT_EQ(request.path(), "/a/b");
  EXPECT_EQ(request.query(), "c=d?e");
}

struct Sink final : ReplySink {
  std::vector<int> statuses;
  void reply(Response response) override { statuses.push_back(response.status); }
  std::shared_ptr<StreamWriter> reply_stream(Response, Task) override { return nullptr; }
};

TEST(Responder, AnswersOnceOnly) {
  const auto sink = std::make_shared<Sink>();
  {
    Responder responder(sink);
    responder.send({.status = 201, .content_type = {}, .body = {}, .headers = {}});
    responder.send({.status = 202, .content_type = {}, .body = {}, .headers = {}});
  }
  EXPECT_EQ(sink->statuses, std::vector<int>{201});
}

TEST(Responder, Answers500WhenDropped) {
  const auto sink = std::make_shared<Sink>();
  {
    Responder responder(sink);
  }
  EXPECT_EQ(sink->statuses, std::vector<int>{500});
}

}  // namespace
}  // namespace schedules::http
