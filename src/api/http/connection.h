// One accepted socket. Lives on its worker's thread; shared between what is pending on it and its answers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>

#include "api/http/message.h"
#include "api/http/server.h"

namespace boost::asio {
class io_context;
}

namespace schedules::http {

/// What all connections of a server share.
struct Shared {
  ServerOptions options;
  Dispatcher& dispatcher;
  const Clock& clock;
  Random& random;
  std::atomic<size_t> body_bytes{0};
  std::atomic<size_t> connections{0};
  std::atomic<bool> stopping{false};
  std::atomic<bool> stopped{false};
  std::mutex mutex;
  std::condition_variable changed;  ///< connections fell, or a worker finished
};

/// What the connections of one thread share; only touched on that thread.
struct Beat {
  SteadyPoint now;   ///< as of the last tick
  std::string date;  ///< "Tue, 24 Nov 2026 10:00:00 GMT"
};

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  /// Accepted beyond the limit: answers 503 and closes.
  virtual void refuse() = 0;
  /// Closes it if its deadline has passed.
  virtual void tick() = 0;
  /// The server stops: closes it if idle or streaming, else after the response that is under way.
  virtual void drain() = 0;
  virtual void abort() = 0;
  [[nodiscard]] virtual bool closed() const = 0;
};

/// Takes over the socket `descriptor`.
std::shared_ptr<Connection> make_connection(std::shared_ptr<boost::asio::io_context> io, int descriptor,
                                            std::shared_ptr<Shared> shared, const Beat& beat);

}  // namespace schedules::http
