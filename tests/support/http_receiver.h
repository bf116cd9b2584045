// A small HTTP/1.1 server for tests, in this process, on a free port of 127.0.0.1: records what it is sent, answers as
// it is told to, misbehaves on request. Thread-safe; a thread per connection, so for some hundred connections.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace schedules::testing {

struct HttpRequest {
  std::string method;
  std::string target;  ///< path and query as sent
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  size_t connection = 0;  ///< counts from 1

  /// The first header of this name in any case, or "".
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] size_t count(std::string_view name) const;
};

enum class HttpFault : uint8_t {
  none,
  close_unanswered,  ///< closes instead of answering
  close_mid_body,    ///< promises the whole body, sends half, closes
  hold,              ///< answers after release() only
  hold_mid_body,     ///< sends half of the body, the rest after release()
  endless_body,      ///< sends chunks until the client hangs up
  endless_headers,   ///< sends header lines until the client hangs up
  not_http,          ///< answers with bytes that are not HTTP
};

struct HttpAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds delay{0};
  HttpFault fault = HttpFault::none;
  bool close = false;  ///< "Connection: close"
};

class HttpReceiver {
 public:
  HttpReceiver();
  /// Ends every connection, answered or not.
  ~HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  /// "http://127.0.0.1:PORT/path"
  [[nodiscard]] std::string url(std::string_view path = "/", std::string_view host = "127.0.0.1") const;

  /// Answers to come, in order of arrival; when they are used up, `otherwise` answers.
  void script(HttpAnswer answer);
  void otherwise(HttpAnswer answer);
  /// Lets everything that is held go, now and later.
  void release();

  [[nodiscard]] std::vector<HttpRequest> requests() const;
  /// Whether `count` requests have arrived within the time.
  bool wait_for(size_t count, std::chrono::milliseconds within = std::chrono::seconds(20));
  [[nodiscard]] size_t connections() const { return connections_; }
  /// Requests arrived; unlike requests() it costs nothing, and stays true without recording.
  [[nodiscard]] size_t arrived() const { return arrived_; }
  /// For benchmarks: keeps no requests.
  void record(bool on) { recording_ = on; }

 private:
  void accept_loop();
  void serve(int socket, size_t connection);
  HttpAnswer next_answer();
  bool send_answer(int socket, const HttpAnswer& answer);
  void wait_for_release();

  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<size_t> connections_{0};
  std::atomic<size_t> arrived_{0};
  std::atomic<bool> recording_{true};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<HttpAnswer> script_;
  HttpAnswer otherwise_;
  std::vector<HttpRequest> requests_;
  std::vector<int> sockets_;  ///< open connections
  std::list<std::thread> threads_;
  bool released_ = false;
  bool stopping_ = false;

  std::thread accepting_;
};

}  // namespace schedules::testing
