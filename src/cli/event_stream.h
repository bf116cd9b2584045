// Server-sent events: text as it arrives, whole events out. Pure; one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace schedules::cli {

struct StreamEvent {
  std::string name;  ///< "message" unless the server named it
  std::string data;  ///< its data lines, joined by line ends
  std::string id;    ///< the last id so far
};

class EventStream {
 public:
  explicit EventStream(std::function<bool(const StreamEvent&)> take) : take_(std::move(take)) {}

  /// False once `take` gave false.
  bool feed(std::string_view text);
  /// Forgets an event of which only a part has come, as after a broken connection.
  void restart();
  /// To resume after; empty before the first id.
  [[nodiscard]] const std::string& last_id() const { return last_id_; }
  /// Asked for by the server, in milliseconds; 0: not said.
  [[nodiscard]] int retry_ms() const { return retry_ms_; }

 private:
  bool line(std::string_view text);
  bool dispatch();

  std::function<bool(const StreamEvent&)> take_;
  std::string waiting_;
  std::string name_;
  std::string data_;
  bool has_data_ = false;
  std::string id_;  ///< of the event that is arriving; it counts once the event is whole
  std::string last_id_;
  int retry_ms_ = 0;
};

}  // namespace schedules::cli
