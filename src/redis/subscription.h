// One channel, listened to for as long as the client lives: on any server that the router names, on another one when that
// ends. Owned by the client's io thread. Only for this room's sources.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "redis/router.h"

namespace schedules::redis {

class Subscription {
 public:
  Subscription(Surroundings around, Router& router, Login login, std::string channel,
               std::function<void(std::string_view)> message, std::function<void()> gap);

  void start() { dial(); }
  void close(const Error& why);

 private:
  void dial();
  void listen();
  void listening(const Raw& answer);
  void heard(const Raw& raw);
  void leave(std::string why);
  void ask_whether_alive();
  void dial_later();

  Surroundings around_;
  Router& router_;
  Login login_;
  std::string channel_;
  std::function<void(std::string_view)> message_;
  std::function<void()> gap_;
  std::shared_ptr<Connection> connection_;
  Address address_;  ///< of the other end
  boost::asio::steady_timer again_;
  boost::asio::steady_timer alive_;
  SteadyPoint heard_at_;
  unsigned failures_ = 0;
  bool refused_ = false;
  bool closed_ = false;
};

}  // namespace schedules::redis
