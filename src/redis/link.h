// The way to one server: a connection that is opened anew, with growing pauses, each time it ends. While the server is away
// calls fail at once. Owned by the client's io thread. Only for this room's sources.
#pragma once

#include "base/random.h"
#include "redis/connection.h"

namespace schedules::redis {

/// What everything in this room shares. All outlive every link.
struct Surroundings {
  boost::asio::io_context& io;
  const Options& options;
  const Clock& clock;
  Random& random;
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  /// `changed`: it came or went.
  Link(Surroundings around, Address address, Login login, std::function<void()> changed);

  void open();
  void send(Piece piece);
  void close(const Error& why);
  [[nodiscard]] const Address& address() const { return address_; }
  [[nodiscard]] bool ready() const { return connection_ && connection_->ready(); }
  [[nodiscard]] bool idle() const { return !connection_ || connection_->idle(); }
  /// Why it is away; nullopt while it is there, or dialled for the first time.
  [[nodiscard]] const std::optional<Error>& away() const { return away_; }

 private:
  void ended(const Error& why);

  Surroundings around_;
  Address address_;
  Login login_;
  std::function<void()> changed_;
  std::shared_ptr<Connection> connection_;
  boost::asio::steady_timer again_;
  std::optional<Error> away_;
  unsigned failures_ = 0;
  bool closed_ = false;
};

/// 50 ms, doubled by each failure up to 1 s, and up to a half more by chance.
std::chrono::milliseconds pause_after(unsigned failures, Random& random);

}  // namespace schedules::redis
