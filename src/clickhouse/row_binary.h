// ClickHouse's RowBinary: values one after another, little-endian, texts with a varint length. Column types stand at the
// calls. A reader never runs past its end: it turns bad and gives zeros, and the caller asks ok() once at the end.
#pragma once

#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/ids.h"
#include "time/clock.h"

namespace schedules::clickhouse {

static_assert(std::endian::native == std::endian::little);

class RowWriter {
 public:
  explicit RowWriter(std::string& out) : out_(out) {}

  /// Int8…Int64, UInt8…UInt64, Float32, Float64, Bool, Enum8 (int8_t), by the width of the value.
  template <class Number>
  void number(Number value) {
    static_assert(std::is_arithmetic_v<Number>);
    char bytes[sizeof(Number)];
    std::memcpy(bytes, &value, sizeof(value));
    out_.append(bytes, sizeof(value));
  }
  void size(uint64_t count) { Writer(out_).varint(count); }          ///< of an Array or Map, before its values
  void text(std::string_view value) { Writer(out_).text(value); }    ///< String, LowCardinality(String)
  void time(TimePoint value) { number<int64_t>(to_micros(value)); }  ///< DateTime64(6)
  void id(const EventId& value);                                     ///< UUID
  void texts(const std::vector<std::string>& values);                ///< Array(String)
  /// Nullable(…): `write` is called with the value where there is one.
  template <class Value, class Write>
  void nullable(const std::optional<Value>& value, Write write) {
    number<uint8_t>(value ? 0 : 1);
    if (value) write(*value);
  }

 private:
  std::string& out_;
};

class RowReader {
 public:
  explicit RowReader(std::string_view in) : in_(in) {}

  template <class Number>
  Number number() {
    static_assert(std::is_arithmetic_v<Number>);
    const auto bytes = in_.raw(sizeof(Number));
    Number value{};
    if (bytes.size() == sizeof(Number)) std::memcpy(&value, bytes.data(), sizeof(Number));
    return value;
  }
  uint64_t size() { return in_.varint(); }
  std::string_view text() { return in_.text(); }
  TimePoint time() { return from_micros(number<int64_t>()); }
  EventId id();
  std::vector<std::string> texts();
  template <class Read>
  auto nullable(Read read) -> std::optional<decltype(read())> {
    if (number<uint8_t>() != 0) return std::nullopt;
    return read();
  }

  [[nodiscard]] bool ok() const { return in_.ok(); }
  [[nodiscard]] bool at_end() const { return in_.at_end(); }

 private:
  Reader in_;
};

}  // namespace schedules::clickhouse
