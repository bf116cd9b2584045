// A small HTTP/1.1 client: some connections, one thread, one request under way on each. It keeps connections alive, reads
// of an answer only the status and the length, and says why it ends the program where something is wrong.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "load/clock.h"

namespace schedules::load {

struct Address {
  std::string host = "127.0.0.1";
  uint16_t port = 8480;
  [[nodiscard]] std::string text() const { return host + ":" + std::to_string(port); }
};
Address address_of(std::string_view url);  ///< http://127.0.0.1:8480

[[noreturn]] void give_up(const std::string& why);
/// A connected socket, or -1.
int connect_to(const Address& address);

struct Answer {
  int status = 0;
  std::string_view body;
  int64_t took_ns = 0;  ///< from the first byte sent to the last received
};

class Fleet {
 public:
  Fleet(const Address& address, size_t connections);
  ~Fleet();
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  [[nodiscard]] size_t size() const { return lines_.size(); }
  [[nodiscard]] bool busy(size_t line) const { return lines_[line].busy; }
  [[nodiscard]] size_t under_way() const { return under_way_; }
  /// The text must stay as it is until the answer is there.
  void send(size_t line, std::string_view request);
  using Done = std::function<void(size_t line, const Answer& answer)>;
  /// Works until an answer came or the time is over. `done` may send the next request.
  void work(int timeout_ms, const Done& done);
  /// One request, one answer; the answer's body is valid until the next call.
  Answer ask(std::string_view request);

 private:
  struct Line {
    int descriptor = -1;
    bool busy = false;
    bool wants_write = false;
    std::string_view unsent;
    int64_t sent_ns = 0;
    std::vector<char> buffer;
    size_t filled = 0;
    size_t wanted = 0;  ///< bytes of the whole answer; 0: its head has not arrived
    size_t head = 0;
    int status = 0;
  };
  void push(Line& line);
  bool pull(Line& line);
  static void read_head(Line& line);

  std::vector<Line> lines_;
  size_t under_way_ = 0;
  int poll_ = -1;
};

}  // namespace schedules::load
