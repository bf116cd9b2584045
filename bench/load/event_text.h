// Requests with events, made once and patched in place: number and due time have a fixed width.
//   {"topic":"bench",…,"scheduled_at":"2026-01-05T08:00:00.000000Z","body":{"n":"000000001","due":"1767600000000000",…}}
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace schedules::load {

inline constexpr size_t kBodyBytes = 256;
inline constexpr size_t kNumberDigits = 9;
inline constexpr size_t kDueDigits = 16;
inline constexpr size_t kTimeChars = 27;  // 2026-01-05T08:00:00.000000Z
/// What a fired message holds just before the number; the due time follows after kDueGap.
inline constexpr std::string_view kPayloadStart = R"("payload":{"n":")";
inline constexpr std::string_view kDueGap = R"(","due":")";

struct Event {
  uint64_t number = 0;
  int64_t due_us = 0;
};

void put_time(char* out, int64_t wall_us);
int64_t read_time(const char* text);  ///< microseconds; the text is one that put_time writes
uint64_t read_digits(const char* text, size_t count);

/// One POST with a fixed number of events.
class EventRequest {
 public:
  struct Shape {
    size_t events = 1;
    bool ndjson = true;  ///< else: one JSON object, and `events` is 1
    std::string host;
    std::string target;  ///< JSON of the target; empty: the server's default
  };
  explicit EventRequest(const Shape& shape);

  void set(size_t place, const Event& event);
  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] size_t events() const { return events_; }

 private:
  std::string text_;
  size_t events_;
  size_t first_;   // where the first event begins
  size_t stride_;  // from one event to the next
  size_t time_at_, number_at_, due_at_;
};

/// Bytes of {"results":[…]} when all `count` events were created.
size_t bytes_of_results(size_t count);

}  // namespace schedules::load
