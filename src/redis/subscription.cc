#include "redis/subscription.h"

#include <algorithm>

#include "base/log.h"

namespace schedules::redis {
namespace {

constexpr auto kAskEvery = std::chrono::seconds(1);
constexpr auto kSilentForAtMost = std::chrono::seconds(3);
constexpr std::string_view kPing = "*1\r\n$4\r\nPING\r\n";

}  // namespace

Subscription::Subscription(Surroundings around, Router& router, Login login, std::string channel,
                           std::function<void(std::string_view)> message, std::function<void()> gap)
    : around_(around),
      router_(router),
      login_(std::move(login)),
      channel_(std::move(channel)),
      message_(std::move(message)),
      gap_(std::move(gap)),
      again_(around.io),
      alive_(around.io) {}

void Subscription::dial() {
  if (closed_) return;
  const auto addresses = router_.for_subscriptions();
  if (addresses.empty()) return dial_later();
  address_ = addresses[failures_ % addresses.size()];
  connection_ = std::make_shared<Connection>(around_.io, address_, login_, around_.options, around_.clock);
  connection_->open({.ready = [this] { listen(); },
                     .ended =
                         [this](const Error&) {
                           connection_.reset();
                           dial_later();
                         },
                     .unasked = [this](const Raw& raw) { heard(raw); }});
}

void Subscription::listen() {
  Piece piece;
  append_command(piece.bytes, {"SUBSCRIBE", channel_});
  piece.deadline = around_.clock.steady() + around_.options.timeout;
  piece.done = [this](const Result<std::vector<Raw>>& answers, bool) {
    if (!closed_ && answers) listening(answers->front());
  };
  connection_->send(std::move(piece));
}

void Subscription::listening(const Raw& answer) {
  if (!answer.error.empty()) {
    if (!std::exchange(refused_, true)) log::warn("redis.subscribe", {{"channel", channel_}, {"error", answer.error}});
    return leave(answer.error);
  }
  refused_ = false;
  failures_ = 0;
  heard_at_ = around_.clock.steady();
  ask_whether_alive();
  gap_();
}

void Subscription::leave(std::string why) {
  const auto left = std::exchange(connection_, nullptr);
  left->close(Error{.code = Code::unavailable, .detail = std::move(why), .field = ""});
  dial_later();
}

void Subscription::heard(const Raw& raw) {
  heard_at_ = around_.clock.steady();
  const auto& items = raw.reply.items;
  if (items.size() == 3 && items[0].text == "message") message_(items[2].text);
}

// A peer that has gone without a word is noticed only by asking, and one that is no longer of use only by the router.
void Subscription::ask_whether_alive() {
  alive_.expires_after(kAskEvery);
  alive_.async_wait([this](const boost::system::error_code& fault) {
    if (fault || closed_ || !connection_) return;
    if (around_.clock.steady() - heard_at_ > kSilentForAtMost) return leave("it is silent");
    const auto addresses = router_.for_subscriptions();
    if (!addresses.empty() && std::ranges::find(addresses, address_) == addresses.end())
      return leave("it is not listed");
    connection_->say(kPing);
    ask_whether_alive();
  });
}

void Subscription::dial_later() {
  if (closed_) return;
  again_.expires_after(pause_after(failures_++, around_.random));
  again_.async_wait([this](const boost::system::error_code& fault) {
    if (!fault) dial();
  });
}

void Subscription::close(const Error& why) {
  closed_ = true;
  again_.cancel();
  alive_.cancel();
  if (const auto connection = std::exchange(connection_, nullptr)) connection->close(why);
}

}  // namespace schedules::redis
