// Stands between a client under test and a real server, in this process, on a free port of 127.0.0.1, and is as bad a
// network as it is told to be. Thread-safe; two threads per connection, so for some dozens of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace schedules::testing {

class TcpProxy {
 public:
  enum class Mode : uint8_t {
    pass,
    swallow_answers,   ///< what the server says is thrown away: the call happened, nobody learns of it
    swallow_requests,  ///< what the client says is thrown away: a black hole
    refuse,            ///< new connections are closed at once, as where nobody listens
  };

  /// "host:port" of the server, IPv4.
  explicit TcpProxy(const std::string& server);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  /// "127.0.0.1:PORT"
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// From now on, for open connections too. refuse cuts them.
  void set(Mode mode);
  /// Ends every open connection; new ones are as the mode says.
  void cut();
  /// The next bytes that a client sends still reach the server; then its connection is cut before any answer.
  void cut_after_next_request() { cut_after_request_ = true; }
  /// Connections accepted so far.
  [[nodiscard]] size_t accepted() const { return accepted_; }

 private:
  struct Pair;

  void accept_loop();
  void pump(const std::shared_ptr<Pair>& pair, bool from_client);

  uint32_t server_address_ = 0;
  uint16_t server_port_ = 0;
  int listener_ = -1;
  uint16_t port_ = 0;
  std::atomic<Mode> mode_{Mode::pass};
  std::atomic<bool> cut_after_request_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<size_t> accepted_{0};
  std::mutex mutex_;
  std::list<std::shared_ptr<Pair>> pairs_;
  std::list<std::thread> threads_;
  std::thread accepting_;
};

}  // namespace schedules::testing
