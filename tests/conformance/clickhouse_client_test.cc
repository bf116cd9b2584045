// The client against the real engine: values, rows and sets of any content, compression, failures.
#include "clickhouse/client.h"

#include "clickhouse/row_binary.h"
#include "tests/conformance/clickhouse_place.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;
using clickhouse::Answer;
using clickhouse::Client;
using clickhouse::Query;
using clickhouse::RowReader;
using clickhouse::RowWriter;

class ClickHouseClientTest : public ::testing::Test {
 protected:
  ClickHouseClientTest() {
    set_clickhouse_faults("[]");
    ask({.sql = "CREATE DATABASE " + database.name(), .in_database = false});
  }
  ~ClickHouseClientTest() override { set_clickhouse_faults("[]"); }

  static Result<Answer> ask_of(Client& at, Query query) {
    return await<Answer>([&](auto done) { at.query(std::move(query), std::move(done)); });
  }
  Result<Answer> ask(Query query) { return ask_of(*client, std::move(query)); }

  ClickHouseDatabase database;
  std::unique_ptr<Client> client = Client::open(database.url()).value();
};

TEST_F(ClickHouseClientTest, ParametersComeThroughAsTheyAre) {
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
  const auto id = sample_id(7);
  Query query{.sql =
                  "SELECT {text:String}, {list:Array(String)}, {number:Int64}, {big:UInt64}, {id:UUID},"
                  " {time:DateTime64(6, 'UTC')}, {early:DateTime64(6, 'UTC')}, 1::UInt8"};
  query.parameters.text("text", all)
      .texts("list", {"", "it's \\ \n\t", all})
      .number("number", INT64_MIN)
      .unsigned_number("big", UINT64_MAX)
      .id("id", id)
      .time("time", from_micros(4'102'444'800'123'456))
      .time("early", from_micros(-1'500'001));
  const auto answer = ask(std::move(query));
  ASSERT_TRUE(answer) << answer.error().detail;
  RowReader reader(answer->body);
  EXPECT_EQ(reader.text(), all);
  EXPECT_EQ(reader.texts(), (std::vector<std::string>{"", "it's \\ \n\t", all}));
  EXPECT_EQ(reader.number<int64_t>(), INT64_MIN);
  EXPECT_EQ(reader.number<uint64_t>(), UINT64_MAX);
  EXPECT_EQ(reader.id(), id);
  EXPECT_EQ(reader.time(), from_micros(4'102'444'800'123'456));
  EXPECT_EQ(reader.time(), from_micros(-1'500'001));
  EXPECT_EQ(reader.number<uint8_t>(), 1);
  EXPECT_TRUE(reader.ok() && reader.at_end());
}

TEST_F(ClickHouseClientTest, RowsGoInAndComeBackCompressedOrNot) {
  for (const auto compression : {clickhouse::Compression::never, clickhouse::Compression::always}) {
    const auto other = Client::open(database.url(), {.compression = compression}).value();
    ASSERT_TRUE(
        ask_of(*other,
               {.sql = "CREATE OR REPLACE TABLE rows (n UInt32, text String, id UUID) ENGINE = MergeTree ORDER BY n"}));
    Query insert{.sql = "INSERT INTO rows (n, text, id) FORMAT RowBinary"};
    RowWriter writer(insert.body);
    for (uint32_t n = 0; n < 10'000; ++n) {
      writer.number(n);
      writer.text(std::string(n % 50, '\n'));
      writer.id(sample_id(n));
    }
    ASSERT_TRUE(ask_of(*other, std::move(insert)));
    const auto answer = ask_of(*other, {.sql = "SELECT text, id, n FROM rows ORDER BY n"});
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->rows_read, 10'000U);
    RowReader reader(answer->body);
    for (uint32_t n = 0; n < 10'000; ++n) {
      ASSERT_EQ(reader.text(), std::string(n % 50, '\n'));
      ASSERT_EQ(reader.id(), sample_id(n));
      ASSERT_EQ(reader.number<uint32_t>(), n);
    }
    EXPECT_TRUE(reader.ok() && reader.at_end());
  }
}

TEST_F(ClickHouseClientTest, TablesTravelWithTheQuery) {
  Query query{.sql = "SELECT (SELECT uniqExact(id) FROM ids), (SELECT any(text) FROM texts), 1::UInt8"};
  clickhouse::Table ids{.name = "ids", .structure = "id UUID", .rows = {}};
  for (uint64_t n = 0; n < 30'000; ++n) RowWriter(ids.rows).id(sample_id(n));
  clickhouse::Table texts{.name = "texts", .structure = "text String", .rows = {}};
  const std::string hostile = "\r\n--schedules0123456789abcdef\r\n\r\n";
  RowWriter(texts.rows).text(hostile);
  query.tables = {std::move(ids), std::move(texts)};
  const auto answer = ask(std::move(query));
  ASSERT_TRUE(answer) << answer.error().detail;
  RowReader reader(answer->body);
  EXPECT_EQ(reader.nullable([&] { return reader.number<uint64_t>(); }), 30'000U);
  EXPECT_EQ(reader.nullable([&] { return std::string(reader.text()); }), hostile);
}

TEST_F(ClickHouseClientTest, SettingsOfUrlAndQueryReachTheServer) {
  auto url = database.url();
  url.settings = {{"max_threads", "3"}};
  const auto other = Client::open(url).value();
  Query query{.sql = "SELECT getSetting('max_threads')::UInt64, getSetting('max_block_size')::UInt64"};
  query.settings = {{"max_block_size", "1234"}};
  const auto answer = ask_of(*other, std::move(query));
  ASSERT_TRUE(answer) << answer.error().detail;
  RowReader reader(answer->body);
  EXPECT_EQ(reader.number<uint64_t>(), 3U);
  EXPECT_EQ(reader.number<uint64_t>(), 1234U);
}

TEST_F(ClickHouseClientTest, ExceptionsHaveTheirCode) {
  const auto table = ask({.sql = "SELECT * FROM nowhere"});
  EXPECT_EQ(clickhouse::exception_code(table.error()), clickhouse::kUnknownTable);
  EXPECT_EQ(table.error().code, Code::io_error);
  EXPECT_EQ(ask({.sql = "SELEC 1"}).error().code, Code::io_error);
  auto url = database.url();
  url.database = "test_that_is_not_there";
  const auto other = Client::open(url).value();
  EXPECT_EQ(clickhouse::exception_code(ask_of(*other, {.sql = "SELECT 1"}).error()), clickhouse::kUnknownDatabase);
}

TEST_F(ClickHouseClientTest, ABrokenOffAnswerIsAnError) {
  set_clickhouse_faults(R"([{"match":"SELECT 5","tail":"Code: 241. DB::Exception: Memory limit exceeded\n"}])");
  const auto broken = ask({.sql = "SELECT 5::UInt8"});
  ASSERT_FALSE(broken);
  EXPECT_EQ(clickhouse::exception_code(broken.error()), 241);
  EXPECT_TRUE(ask({.sql = "SELECT 5::UInt8"}));
}

TEST_F(ClickHouseClientTest, ManyCallsShareFewConnections) {
  std::vector<std::future<uint64_t>> sums;
  for (uint64_t n = 0; n < 200; ++n) {
    auto promise = std::make_shared<std::promise<uint64_t>>();
    sums.push_back(promise->get_future());
    client->query({.sql = fmt::format("SELECT sum(number) FROM numbers({})", n)}, [promise](Result<Answer> answer) {
      promise->set_value(answer ? RowReader(answer->body).number<uint64_t>() : UINT64_MAX);
    });
  }
  for (uint64_t n = 0; n < 200; ++n) EXPECT_EQ(sums[n].get(), n == 0 ? 0 : n * (n - 1) / 2);
}

TEST_F(ClickHouseClientTest, WhatIsTooMuchIsRefusedAndWhatIsTooSlowIsGivenUp) {
  const auto small = Client::open(database.url(), {.timeout = 300ms, .max_under_way = 1}).value();
  set_clickhouse_faults(R"([{"match":"SELECT 1","delay":3}])");
  std::promise<Code> slow;
  small->query({.sql = "SELECT 1"},
               [&](Result<Answer> answer) { slow.set_value(answer ? Code::internal : answer.error().code); });
  const auto refused = ask_of(*small, {.sql = "SELECT 2"});
  EXPECT_EQ(refused.error().code, Code::overloaded);
  EXPECT_GT(refused.error().retry_after.count(), 0);
  EXPECT_EQ(slow.get_future().get(), Code::unavailable);
  EXPECT_TRUE(ask_of(*small, {.sql = "SELECT 2"}));
}

TEST_F(ClickHouseClientTest, NobodyThereIsUnavailable) {
  const auto nobody = Client::open(clickhouse::parse_url("http://127.0.0.1:1/x").value()).value();
  const auto answer = ask_of(*nobody, {.sql = "SELECT 1"});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(clickhouse::exception_code(answer.error()), 0);
}

TEST_F(ClickHouseClientTest, ItsEndAnswersWhatIsUnderWayAndWhatThatAsksAgain) {
  set_clickhouse_faults(R"([{"match":"SELECT 1","delay":5}])");
  std::promise<std::pair<Code, Code>> ended;
  Client* const raw = client.get();  // the owner forgets it first
  raw->query({.sql = "SELECT 1"}, [&](Result<Answer> first) {
    raw->query({.sql = "SELECT 2"}, [&ended, code = first.error().code](Result<Answer> second) {
      ended.set_value({code, second.error().code});
    });
  });
  client.reset();
  EXPECT_EQ(ended.get_future().get(), std::pair(Code::shutting_down, Code::shutting_down));
}

}  // namespace
}  // namespace schedules::testing
