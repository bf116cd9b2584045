#include <gtest/gtest.h>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

Error two_faults() {
  Error error;
  add_fault(error, {.code = Code::out_of_range, .detail = "priority must be from -9 to 9", .field = "priority"});
  add_fault(error, {.code = Code::missing_field, .detail = "topic is missing", .field = "topic"});
  return error;
}

TEST(Problem, HasTheMembersOfRfc9457) {
  const auto response = error_response(two_faults(), {ErrorForm::problem, "r1", {}, {}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  EXPECT_EQ(response.body,
            R"({"type":"/docs/errors#out_of_range","title":"The value is out of range","status":422,)"
            R"("detail":"priority must be from -9 to 9","code":"out_of_range","errors":[)"
            R"({"field":"priority","code":"out_of_range","detail":"priority must be from -9 to 9"},)"
            R"({"field":"topic","code":"missing_field","detail":"topic is missing"}],"request_id":"r1"})");
}

TEST(Problem, TellsTheColumn) {
  const Error error{.code = Code::invalid_cron, .detail = "x", .field = "query:expr", .column = 3};
  const auto response = error_response(error, {});
  EXPECT_NE(response.body.find(R"({"field":"expr","code":"invalid_cron","detail":"x","column":3})"), std::string::npos);
}

TEST(Problem, CarriesFurtherMembers) {
  const auto response =
      error_response({.code = Code::conflict}, {ErrorForm::problem, "r1", {}, R"("result":"in_flight")"});
  EXPECT_TRUE(response.body.ends_with(R"(,"request_id":"r1","result":"in_flight"})"));
}

TEST(Problem, OfTheContractNamesPlaceAndInput) {
  const auto response = error_response(two_faults(), {ErrorForm::contract, "r1", R"({"priority":"99","x":1})", {}});
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            R"({"detail":[{"type":"out_of_range","loc":["body","priority"],"msg":"priority must be from -9 to 9",)"
            R"("input":"99","code":"out_of_range"},{"type":"missing","loc":["body","topic"],"msg":"topic is missing",)"
            R"("input":null,"code":"missing_field"}],"code":"out_of_range","request_id":"r1"})");
}

TEST(Problem, OfTheContractSplitsPaths) {
  const Error error{.code = Code::wrong_type, .detail = "d", .field = "tags.3"};
  EXPECT_NE(error_response(error, {ErrorForm::contract, "r", {}, {}}).body.find(R"("loc":["body","tags",3])"),
            std::string::npos);
  const Error query{.code = Code::out_of_range, .detail = "d", .field = "query:limit"};
  EXPECT_NE(error_response(query, {ErrorForm::contract, "r", {}, {}}).body.find(R"("loc":["query","limit"])"),
            std::string::npos);
}

TEST(Problem, OfTheContractIsATextOtherwise) {
  const auto response =
      error_response({.code = Code::already_exists, .detail = "taken"}, {ErrorForm::contract, "r1", {}, {}});
  EXPECT_EQ(response.status, 409);
  EXPECT_EQ(response.body, R"({"detail":"taken","code":"already_exists","request_id":"r1"})");
}

TEST(Problem, BrokenJsonIs422InTheContractAnd400Elsewhere) {
  EXPECT_EQ(error_response({.code = Code::invalid_json}, {ErrorForm::contract, "", {}, {}}).status, 422);
  EXPECT_EQ(error_response({.code = Code::invalid_json}, {}).status, 400);
}

TEST(Problem, SaysWhenToTryAgain) {
  EXPECT_EQ(header_of(error_response({.code = Code::unavailable}, {}), "Retry-After"), "1");
  EXPECT_EQ(header_of(error_response({.code = Code::disk_full}, {}), "Retry-After"), "5");
  const Error error{.code = Code::rate_limited, .retry_after = std::chrono::milliseconds(2100)};
  EXPECT_EQ(header_of(error_response(error, {}), "Retry-After"), "3");
  EXPECT_EQ(header_of(error_response({.code = Code::conflict}, {}), "Retry-After"), "");
}

TEST(Problem, AsksForABearer) {
  EXPECT_EQ(header_of(error_response({.code = Code::unauthenticated}, {}), "WWW-Authenticate"), "Bearer");
}

TEST(IfMatch, ReadsARevision) {
  const auto read = [](std::string text) {
    http::Request request;
    request.headers = {{"If-Match", std::move(text)}};
    return if_match(request);
  };
  EXPECT_EQ(**read("\"7\""), 7U);
  EXPECT_EQ(**read("W/\"7\""), 7U);
  EXPECT_EQ(**read("7"), 7U);
  EXPECT_EQ(*read("*"), std::nullopt);
  EXPECT_FALSE(read("\"x\""));
  EXPECT_FALSE(read("\"1\", \"2\""));
}

}  // namespace
}  // namespace schedules::api
