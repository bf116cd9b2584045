#include "cli/client.h"

#include <gmock/gmock.h>

namespace schedules::cli {
namespace {

Error read_problem(int status, std::string body, std::map<std::string, std::string> headers = {}) {
  return error_of({.status = status, .body = std::move(body), .headers = std::move(headers)});
}

TEST(ServerError, ProblemGivesCodeDetailAndField) {
  const auto error =
      read_problem(422, R"({"type":"x","title":"t","status":422,"detail":"2 faults","code":"missing_field",
      "errors":[{"field":"topic","code":"missing_field","detail":"topic is missing"},
                {"field":"priority","code":"out_of_range","detail":"too high","column":3}]})");
  EXPECT_EQ(error.code, Code::missing_field);
  EXPECT_EQ(error.field, "topic");
  EXPECT_EQ(error.detail, "topic is missing");
  ASSERT_EQ(error.more.size(), 1U);
  EXPECT_EQ(error.more[0].code, Code::out_of_range);
  EXPECT_EQ(error.more[0].column, 3);
}

TEST(ServerError, ContractsTextIsTheDetail) {
  const auto error = read_problem(409, R"({"detail":"the name is taken","code":"already_exists","request_id":"r"})");
  EXPECT_EQ(error.code, Code::already_exists);
  EXPECT_EQ(error.detail, "the name is taken");
}

TEST(ServerError, ContractsListGivesFieldsFromTheirPlaces) {
  const auto error =
      read_problem(422, R"({"detail":[{"type":"missing","loc":["body","event_type"],"msg":"Field required"},
                                             {"type":"x","loc":["body","tags",2],"msg":"bad"}]})");
  EXPECT_EQ(error.code, Code::invalid_argument);
  EXPECT_EQ(error.field, "event_type");
  EXPECT_EQ(error.detail, "Field required");
  EXPECT_EQ(error.more.at(0).field, "tags.2");
}

TEST(ServerError, AnswerThatIsNoJsonIsToldByItsStatus) {
  EXPECT_EQ(read_problem(502, "<html>bad gateway</html>").detail, "HTTP 502");
  EXPECT_EQ(read_problem(503, "").code, Code::unavailable);
  EXPECT_EQ(read_problem(404, "[]").code, Code::not_found);
  EXPECT_EQ(read_problem(401, "{}").code, Code::unauthenticated);
}

TEST(ServerError, UnknownCodeFallsBackToTheStatus) {
  EXPECT_EQ(read_problem(409, R"({"detail":"d","code":"of_a_newer_server"})").code, Code::conflict);
}

TEST(ServerError, RetryAfterIsKept) {
  EXPECT_EQ(read_problem(429, "{}", {{"retry-after", "7"}}).retry_after, std::chrono::seconds(7));
  EXPECT_EQ(read_problem(503, R"({"errors":[{"code":"overloaded","detail":"d"}]})", {{"retry-after", "2"}}).retry_after,
            std::chrono::seconds(2));
  EXPECT_EQ(read_problem(503, "{}", {{"retry-after", "Wed, 21 Oct 2026 07:28:00 GMT"}}).retry_after.count(), 0);
}

TEST(Query, EmptyValuesAreLeftOutAndOthersEscaped) {
  EXPECT_EQ(query_text({{"a", ""}, {"b", "x y&z"}, {"c", "ü"}}), "?b=x%20y%26z&c=%C3%BC");
  EXPECT_EQ(query_text({{"a", ""}}), "");
  EXPECT_EQ(escaped("../a?b"), "..%2Fa%3Fb");
}

TEST(Client, AddressMustBeHttp) {
  Session session;
  session.server = "ftp://x";
  EXPECT_EQ(Client::open(session).error().code, Code::invalid_argument);
  session.server = "127.0.0.1:8480";
  EXPECT_FALSE(Client::open(session));
  session.server = "http://127.0.0.1:8480/";
  EXPECT_EQ(Client::open(session)->server(), "http://127.0.0.1:8480");
}

TEST(Client, TokenFileMustBeReadable) {
  Session session;
  session.server = "http://127.0.0.1:1";
  session.token_file = "/nonexistent/token";
  EXPECT_EQ(Client::open(session).error().code, Code::io_error);
}

TEST(Client, ServerThatIsNotThereIsUnavailable) {
  Session session;
  session.server = "http://127.0.0.1:1";
  auto client = Client::open(session);
  ASSERT_TRUE(client);
  EXPECT_EQ(client->send({.path = "/"}).error().code, Code::unavailable);
}

}  // namespace
}  // namespace schedules::cli
