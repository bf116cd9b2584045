#include "redis/link.h"

namespace schedules::redis {

std::chrono::milliseconds pause_after(unsigned failures, Random& random) {
  const int64_t base = std::min<int64_t>(50LL << std::min(failures, 5U), 1'000);
  return std::chrono::milliseconds(base + static_cast<int64_t>(random.below(static_cast<uint64_t>(base / 2))));
}

Link::Link(Surroundings around, Address address, Login login, std::function<void()> changed)
    : around_(around),
      address_(std::move(address)),
      login_(std::move(login)),
      changed_(std::move(changed)),
      again_(around.io) {}

void Link::open() {
  if (closed_) return;
  connection_ = std::make_shared<Connection>(around_.io, address_, login_, around_.options, around_.clock);
  connection_->open({.ready =
                         [weak = weak_from_this()] {
                           const auto self = weak.lock();
                           if (!self) return;
                           self->away_.reset();
                           self->failures_ = 0;
                           self->changed_();
                         },
                     .ended =
                         [weak = weak_from_this()](const Error& why) {
                           if (const auto self = weak.lock()) self->ended(why);
                         },
                     .unasked = {}});
}

void Link::ended(const Error& why) {
  connection_.reset();
  away_ = why;
  again_.expires_after(pause_after(failures_++, around_.random));
  again_.async_wait([weak = weak_from_this()](const boost::system::error_code& fault) {
    const auto self = weak.lock();
    if (!fault && self) self->open();
  });
  changed_();
}

void Link::send(Piece piece) {
  if (away_) return piece.done(fail(*away_), false);
  if (!connection_) open();
  connection_->send(std::move(piece));
}

void Link::close(const Error& why) {
  closed_ = true;
  changed_ = [] {};
  again_.cancel();
  if (const auto connection = std::exchange(connection_, nullptr)) connection->close(why);
  away_ = why;
}

}  // namespace schedules::redis
