#include "load/event_text.h"

#include <fmt/format.h>

#include <cstring>

namespace schedules::load {
namespace {

void put_digits(char* out, uint64_t value, size_t count) {
  for (size_t i = count; i-- > 0; value /= 10) out[i] = static_cast<char>('0' + value % 10);
}

// Days since 1970 to a date and back (Howard Hinnant's algorithms).
struct Date {
  int64_t year;
  unsigned month, day;
};
Date date_of(int64_t days) {
  days += 719'468;
  const int64_t era = days / 146'097;
  const auto doe = static_cast<unsigned>(days - era * 146'097);
  const unsigned yoe = (doe - doe / 1'460 + doe / 36'524 - doe / 146'096) / 365;
  const unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const unsigned mp = (5 * doy + 2) / 153;
  const unsigned month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month, doy - (153 * mp + 2) / 5 + 1};
}
int64_t days_of(int64_t year, unsigned month, unsigned day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = year / 400;
  const auto yoe = static_cast<unsigned>(year - era * 400);
  const unsigned doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146'097 + int64_t{yoe * 365 + yoe / 4 - yoe / 100 + doy} - 719'468;
}

std::string event_template(const std::string& target) {
  std::string body = fmt::format(R"({{"n":"{:0>{}}{}{:0>{}}","pad":")", "", kNumberDigits, kDueGap, "", kDueDigits);
  body.append(kBodyBytes - body.size() - 2, 'x');
  body += "\"}";
  return fmt::format(
      R"({{"topic":"bench","entity_type":"bench","action":"fire","scheduled_at":"{:0>{}}",{}"body":{}}})", "",
      kTimeChars, target.empty() ? "" : fmt::format(R"("target":{},)", target), body);
}

}  // namespace

void put_time(char* out, int64_t wall_us) {
  const auto seconds = static_cast<uint64_t>(wall_us / 1'000'000);
  const Date date = date_of(static_cast<int64_t>(seconds / 86'400));
  const uint64_t of_day = seconds % 86'400;
  std::memcpy(out, "0000-00-00T00:00:00.000000Z", kTimeChars);
  put_digits(out, static_cast<uint64_t>(date.year), 4);
  put_digits(out + 5, date.month, 2);
  put_digits(out + 8, date.day, 2);
  put_digits(out + 11, of_day / 3'600, 2);
  put_digits(out + 14, of_day / 60 % 60, 2);
  put_digits(out + 17, of_day % 60, 2);
  put_digits(out + 20, static_cast<uint64_t>(wall_us % 1'000'000), 6);
}

uint64_t read_digits(const char* text, size_t count) {
  uint64_t value = 0;
  for (size_t i = 0; i < count; ++i) value = value * 10 + static_cast<uint64_t>(text[i] - '0');
  return value;
}

int64_t read_time(const char* text) {
  const auto digits = [text](size_t at, size_t count) { return static_cast<int64_t>(read_digits(text + at, count)); };
  const int64_t days = days_of(digits(0, 4), static_cast<unsigned>(digits(5, 2)), static_cast<unsigned>(digits(8, 2)));
  const int64_t seconds = days * 86'400 + digits(11, 2) * 3'600 + digits(14, 2) * 60 + digits(17, 2);
  return seconds * 1'000'000 + digits(20, 6);
}

EventRequest::EventRequest(const Shape& shape) : events_(shape.events) {
  const std::string event = event_template(shape.target);
  stride_ = event.size() + (shape.ndjson ? 1 : 0);
  text_ = fmt::format(
      "POST /api/v1/events HTTP/1.1\r\nHost: {}\r\nContent-Type: application/{}\r\nContent-Length: {}\r\n\r\n",
      shape.host, shape.ndjson ? "x-ndjson" : "json", stride_ * events_);
  first_ = text_.size();
  for (size_t i = 0; i < events_; ++i) {
    text_ += event;
    if (shape.ndjson) text_ += '\n';
  }
  time_at_ = event.find(R"("scheduled_at":")") + 16;
  number_at_ = event.find(R"({"n":")") + 6;
  due_at_ = number_at_ + kNumberDigits + kDueGap.size();
}

void EventRequest::set(size_t place, const Event& event) {
  char* const start = text_.data() + first_ + place * stride_;
  put_time(start + time_at_, event.due_us);
  put_digits(start + number_at_, event.number, kNumberDigits);
  put_digits(start + due_at_, static_cast<uint64_t>(event.due_us), kDueDigits);
}

size_t bytes_of_results(size_t count) {
  size_t bytes = std::strlen(R"({"results":[]})") + (count - 1);
  for (size_t i = 0; i < count; ++i) {
    bytes += std::strlen(R"({"index":,"id":"","status":201})") + 36 + (i < 10 ? 1 : i < 100 ? 2 : i < 1'000 ? 3 : 4);
  }
  return bytes;
}

}  // namespace schedules::load
