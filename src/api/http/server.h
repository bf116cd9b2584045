// The HTTP/1.1 server: a fixed number of threads, keep-alive, pipelining in order, everything bounded.
//
//   Server server({.host = "127.0.0.1", .port = 0}, dispatcher, clock, random);
//   if (auto started = server.start(); !started) …
//   … server.port() …
//   server.stop(5s);   // lets what is under way finish, then closes
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/http/message.h"
#include "base/random.h"
#include "base/result.h"
#include "time/clock.h"

namespace schedules::http {

struct ServerOptions {
  std::string host = "127.0.0.1";                    ///< an address, or a name that resolves to one
  uint16_t port = 8480;                              ///< 0: any free one
  size_t threads = 2;                                ///< 1…64
  size_t max_connections = 4096;                     ///< one more is answered 503 and closed
  size_t max_header_bytes = 16 * 1024;               ///< start line and headers; beyond: 431
  size_t max_uri_bytes = 8 * 1024;                   ///< beyond: 414
  size_t max_body_bytes_in_flight = 256UL << 20U;    ///< of all requests together; beyond: 503
  size_t max_stream_backlog_bytes = 4UL << 20U;      ///< of one stream whose reader is slow; beyond: cut off
  std::chrono::milliseconds header_timeout{10'000};  ///< from the first byte to the end of the headers
  std::chrono::milliseconds body_timeout{30'000};    ///< from the headers to the end of the body: 408
  std::chrono::milliseconds idle_timeout{75'000};    ///< between requests
  std::chrono::milliseconds write_timeout{60'000};   ///< a response that is not taken
};

/// Thread-safe. The dispatcher, the clock and the random source must outlive it.
class Server {
 public:
  Server(ServerOptions options, Dispatcher& dispatcher, const Clock& clock, Random& random);
  ~Server();  ///< stops at once if still running
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Binds and accepts. Errors: unavailable (address in use, not ours, …), invalid_argument.
  Status start();
  [[nodiscard]] uint16_t port() const;
  [[nodiscard]] size_t connections() const;
  /// Accepts no more, waits for what is under way at most `grace`, closes the rest. Streams are closed first.
  /// Not to be called from a handler. Answers given later go nowhere.
  void stop(std::chrono::milliseconds grace);
  /// Runs the task on a thread of the server after the delay; never if the server stops before.
  void run_after(std::chrono::milliseconds delay, Task task);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::http
