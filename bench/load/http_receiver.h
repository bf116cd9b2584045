// A small HTTP/1.1 server with one thread: the receiver of webhooks, and the responder that shows how fast HTTP itself is.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace schedules::load {

class HttpReceiver {
 public:
  /// Answers with what it returns, which must stay valid until the next call. Runs in the receiver's thread.
  using Respond = std::function<std::string_view(std::string_view head, std::string_view body)>;
  HttpReceiver(uint16_t port, Respond respond);  ///< port 0: a free one
  ~HttpReceiver();
  HttpReceiver(const HttpReceiver&) = delete;
  HttpReceiver& operator=(const HttpReceiver&) = delete;

  [[nodiscard]] uint16_t port() const { return port_; }
  void stop();

 private:
  struct Peer {
    std::vector<char> buffer;
    size_t filled = 0;
    size_t head = 0;    ///< 0: the head has not arrived
    size_t wanted = 0;  ///< bytes of the whole request
  };
  void run();
  bool serve(int descriptor, Peer& peer);
  bool answer(int descriptor, Peer& peer);

  Respond respond_;
  int listener_ = -1;
  int poll_ = -1;
  uint16_t port_ = 0;
  std::map<int, Peer> peers_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace schedules::load
