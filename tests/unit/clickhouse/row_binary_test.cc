#include "clickhouse/row_binary.h"

#include <gtest/gtest.h>

namespace schedules::clickhouse {
namespace {

const EventId kId = parse_id("00112233-4455-6677-8899-aabbccddeeff").value();

TEST(ClickHouseRows, UuidIsTwoLittleEndianHalves) {
  std::string out;
  RowWriter(out).id(kId);
  EXPECT_EQ(out, "\x77\x66\x55\x44\x33\x22\x11" + std::string(1, '\0') + "\xff\xee\xdd\xcc\xbb\xaa\x99\x88");
}

TEST(ClickHouseRows, WhatIsWrittenIsRead) {
  std::string out;
  RowWriter writer(out);
  writer.id(kId);
  writer.number<int8_t>(-3);
  writer.number<uint32_t>(70'000);
  writer.number(1.5);
  writer.text(std::string_view("a\0b\n", 4));
  writer.text(std::string(300, 'x'));
  writer.time(from_micros(-5));
  writer.texts({"one", "", "three"});
  writer.nullable(std::optional<int64_t>(7), [&](int64_t value) { writer.number(value); });
  writer.nullable(std::optional<int64_t>(), [&](int64_t value) { writer.number(value); });
  RowReader reader(out);
  EXPECT_EQ(reader.id(), kId);
  EXPECT_EQ(reader.number<int8_t>(), -3);
  EXPECT_EQ(reader.number<uint32_t>(), 70'000U);
  EXPECT_EQ(reader.number<double>(), 1.5);
  EXPECT_EQ(reader.text(), std::string_view("a\0b\n", 4));
  EXPECT_EQ(reader.text(), std::string(300, 'x'));
  EXPECT_EQ(reader.time(), from_micros(-5));
  EXPECT_EQ(reader.texts(), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(reader.nullable([&] { return reader.number<int64_t>(); }), 7);
  EXPECT_EQ(reader.nullable([&] { return reader.number<int64_t>(); }), std::nullopt);
  EXPECT_TRUE(reader.ok() && reader.at_end());
}

TEST(ClickHouseRows, AReaderThatRunsOutTurnsBadAndGivesZeros) {
  std::string out;
  RowWriter(out).id(kId);
  for (size_t size = 0; size < out.size(); ++size) {
    RowReader reader(std::string_view(out).substr(0, size));
    EXPECT_EQ(reader.id(), EventId{});
    EXPECT_FALSE(reader.ok());
  }
  RowReader texts(std::string_view("\xff\xff\xff\xff\x0f", 5));
  EXPECT_LE(texts.texts().size(), 1U);
  EXPECT_FALSE(texts.ok());
}

}  // namespace
}  // namespace schedules::clickhouse
