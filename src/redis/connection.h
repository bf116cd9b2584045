// One connection to one Redis, from its dialling to its end; it is never opened again (see Link). Pieces are written in the
// order in which they are sent, and answered in that order. Owned by the client's io thread. Only for this room's sources.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/executor.h"
#include "redis/client.h"
#include "redis/resp.h"

namespace schedules::redis {

/// Who we are to a server.
struct Login {
  std::string user;
  std::string password;
  uint32_t database = 0;
  std::string name;
  bool primary = false;                      ///< a server that is no primary is refused
  bool secure = false;                       ///< TLS
  boost::asio::ssl::context* tls = nullptr;  ///< always set
};

/// Bytes of some commands and what becomes of their answers: exactly one for each command, or an error. `sent`: the error
/// leaves open whether they were carried out.
struct Piece {
  std::string bytes;
  size_t answers = 1;
  SteadyPoint deadline;
  std::move_only_function<void(Result<std::vector<Raw>> answers, bool sent)> done;
};

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Hooks {
    std::function<void()> ready;              ///< logged in
    std::function<void(const Error&)> ended;  ///< once; not after close()
    std::function<void(Raw)> unasked;         ///< messages of a subscription
  };

  Connection(boost::asio::io_context& io, Address address, Login login, const Options& options, const Clock& clock);

  void open(Hooks hooks);
  void send(Piece piece);
  /// Writes what has no answer of its own: what comes back is unasked. Only when ready.
  void say(std::string_view bytes);
  /// Everything under way answers this.
  void close(const Error& why);
  [[nodiscard]] bool ready() const { return ready_; }
  /// Nobody waits for an answer.
  [[nodiscard]] bool idle() const { return under_way_.empty() && waiting_.empty(); }

 private:
  using Tcp = boost::asio::ip::tcp;
  using Fault = boost::system::error_code;

  void resolve();
  void connect(const Tcp::resolver::results_type& endpoints);
  void shake_hands();
  void log_in();
  void logged_in(const std::vector<Raw>& answers);
  void write_some();
  void read_some();
  void take(size_t bytes);
  Status give_out();
  void watch();
  void look_at_deadlines();
  void end(Code code, std::string detail);
  void finish(const Error& why);
  template <class Stream>
  void read_from(Stream& stream);
  template <class Stream>
  void write_to(Stream& stream);

  boost::asio::io_context& io_;
  Address address_;
  Login login_;
  const Options& options_;
  const Clock& clock_;
  Hooks hooks_;
  Tcp::resolver resolver_;
  boost::asio::ssl::stream<Tcp::socket> stream_;  ///< plain connections use its lower layer
  boost::asio::steady_timer watch_;
  SteadyPoint dial_by_;
  AnswerReader reader_;
  std::vector<char> incoming_ = std::vector<char>(64UL * 1024);
  std::string writing_;
  std::string to_write_;
  std::deque<Piece> waiting_;  ///< not written: we are not logged in yet
  std::deque<Piece> under_way_;
  std::vector<Raw> collected_;  ///< answers of the first of those
  Error why_ended_;
  bool ready_ = false;
  bool watching_ = false;
  bool ended_ = false;
};

}  // namespace schedules::redis
