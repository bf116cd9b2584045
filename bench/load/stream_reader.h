// Reads GET /api/v1/events/stream in a thread of its own and notes when each event of a run arrived.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "load/event_text.h"
#include "load/http_client.h"

namespace schedules::load {

struct Arrival {
  int64_t due_us = 0;
  int64_t fired_us = 0;    ///< the server's timestamp in the message
  int64_t arrived_us = 0;  ///< 0: has not arrived
};

class StreamReader {
 public:
  /// Events have the numbers [0, count). Returns once the stream is open.
  StreamReader(const Address& address, size_t count);
  ~StreamReader();
  StreamReader(const StreamReader&) = delete;
  StreamReader& operator=(const StreamReader&) = delete;

  [[nodiscard]] size_t seen() const { return seen_.load(std::memory_order_relaxed); }
  /// Waits until all have been seen; false: not by then.
  bool wait_for_all(int64_t until_wall_us) const;
  /// Ends the thread; from here on what has arrived may be read.
  void stop();
  [[nodiscard]] const std::vector<Arrival>& arrivals() const { return arrivals_; }
  [[nodiscard]] uint64_t repeats() const { return repeats_; }

 private:
  void open(const Address& address);
  void run();
  void take_chunks(const char* data, size_t size, int64_t now_us);
  void take_lines(int64_t now_us);
  void take_message(std::string_view line, int64_t now_us);

  std::vector<Arrival> arrivals_;
  std::atomic<size_t> seen_ = 0;
  uint64_t repeats_ = 0;
  std::atomic<bool> stopping_ = false;
  int descriptor_ = -1;
  std::vector<char> buffer_;
  size_t chunk_left_ = 0;  // bytes of the open chunk, its line break included
  std::string size_line_;  // an incomplete chunk head
  std::string text_;       // bytes of the stream that are no complete line yet
  size_t number_at_ = 0;   // where the last message had its number and its time
  size_t time_at_ = 0;
  std::thread thread_;
};

}  // namespace schedules::load
