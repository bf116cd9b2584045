#include "clickhouse/answer.h"

#include <gtest/gtest.h>

namespace schedules::clickhouse {
namespace {

HttpAnswer http(long status, std::string body, std::string code = "") {
  return HttpAnswer{.status = status, .body = std::move(body), .exception_code = std::move(code)};
}

TEST(ClickHouseAnswer, RowsComeWithTheFiguresOfTheSummary) {
  auto given = http(200, "rows");
  given.header("X-ClickHouse-Summary: {\"read_rows\":\"12\",\"read_bytes\":\"345\",\"written_rows\":\"6\"}\r\n");
  const auto answer = read_answer(given);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "rows");
  EXPECT_EQ(answer->rows_read, 12U);
  EXPECT_EQ(answer->bytes_read, 345U);
  EXPECT_EQ(answer->rows_written, 6U);
}

TEST(ClickHouseAnswer, ExceptionIsKnownByItsHeaderWhateverTheStatus) {
  for (const long status : {200L, 404L, 500L}) {
    const auto answer = read_answer(http(status, "Code: 60. DB::Exception: Table a.b does not exist.\n", "60"));
    ASSERT_FALSE(answer) << status;
    EXPECT_EQ(answer.error().code, Code::io_error);
    EXPECT_EQ(exception_code(answer.error()), kUnknownTable);
    EXPECT_EQ(answer.error().detail, "ClickHouse exception 60: Table a.b does not exist.");
  }
}

TEST(ClickHouseAnswer, ExceptionIsKnownByItsTextWhereAProxyTookTheHeader) {
  const auto answer = read_answer(http(500, "Code: 243. DB::Exception: Not enough space\n"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::disk_full);
}

TEST(ClickHouseAnswer, ExceptionAfterRowsUnderStatus200IsFound) {
  const std::string rows("\x01\x02\x00\x00", 4);
  const auto answer = read_answer(http(200, rows + "Code: 241. DB::Exception: Memory limit: a Code: 1. quoted\n"));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(exception_code(answer.error()), 241);
}

TEST(ClickHouseAnswer, MarkedExceptionAfterRowsIsFound) {
  auto given = http(200,
                    "rows\r\n__exception__\r\nabcdefgh\r\nCode: 395. DB::Exception: thrown\n17 abcdefgh\r\n"
                    "__exception__\r\n");
  given.header("x-clickhouse-exception-tag: abcdefgh\r\n");
  const auto answer = read_answer(given);
  ASSERT_FALSE(answer);
  EXPECT_EQ(exception_code(answer.error()), 395);
}

TEST(ClickHouseAnswer, RowsWhoseTextSpeaksOfExceptionsAreRows) {
  const std::string text = "Code: 241. DB::Exception: not one\n";
  EXPECT_TRUE(read_answer(http(200, text + std::string(8, '\0'))));
  EXPECT_TRUE(read_answer(http(200, "Code: x. DB::Exception: \n")));
}

TEST(ClickHouseAnswer, WhatMayPassIsUnavailable) {
  EXPECT_EQ(read_answer(http(503, "busy")).error().code, Code::unavailable);
  EXPECT_EQ(read_answer(http(500, "Code: 999. DB::Exception: Keeper\n", "999")).error().code, Code::unavailable);
  EXPECT_EQ(read_answer(http(403, "Code: 516. DB::Exception: who\n", "516")).error().code, Code::unavailable);
  EXPECT_EQ(read_answer(http(504, "", "")).error().code, Code::unavailable);
  EXPECT_EQ(read_answer(http(400, "Code: 62. DB::Exception: Syntax error\n", "62")).error().code, Code::io_error);
}

TEST(ClickHouseAnswer, LongTextsAreCutAndOtherErrorsHaveNoCode) {
  const auto answer = read_answer(http(500, "Code: 1. DB::Exception: " + std::string(9000, 'x'), "1"));
  EXPECT_LT(answer.error().detail.size(), 700U);
  EXPECT_EQ(exception_code(Error{.detail = "something 60"}), 0);
}

}  // namespace
}  // namespace schedules::clickhouse
