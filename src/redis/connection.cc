#include "redis/connection.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace schedules::redis {
namespace {

constexpr auto kWatchEvery = std::chrono::milliseconds(20);

std::string text_of(const Address& address) { return fmt::format("{}:{}", address.host, address.port); }

}  // namespace

Connection::Connection(boost::asio::io_context& io, Address address, Login login, const Options& options,
                       const Clock& clock)
    : io_(io),
      address_(std::move(address)),
      login_(std::move(login)),
      options_(options),
      clock_(clock),
      resolver_(io),
      stream_(io, *login_.tls),
      watch_(io) {}

void Connection::open(Hooks hooks) {
  hooks_ = std::move(hooks);
  dial_by_ = clock_.steady() + options_.connect_timeout;
  watch();
  resolve();
}

void Connection::resolve() {
  resolver_.async_resolve(
      address_.host, std::to_string(address_.port),
      [self = shared_from_this()](const Fault& fault, const Tcp::resolver::results_type& endpoints) {
        if (self->ended_) return;
        if (fault) return self->end(Code::unavailable, fmt::format("its name is not known: {}", fault.message()));
        self->connect(endpoints);
      });
}

void Connection::connect(const Tcp::resolver::results_type& endpoints) {
  boost::asio::async_connect(
      stream_.next_layer(), endpoints, [self = shared_from_this()](const Fault& fault, const Tcp::endpoint&) {
        if (self->ended_) return;
        if (fault) return self->end(Code::unavailable, fault.message());
        Fault ignored;
        self->stream_.next_layer().set_option(Tcp::no_delay(true), ignored);
        self->stream_.next_layer().set_option(boost::asio::socket_base::keep_alive(true), ignored);
        self->shake_hands();
      });
}

void Connection::shake_hands() {
  if (!login_.secure) return log_in();
  Fault literal;
  boost::asio::ip::make_address(address_.host, literal);
  if (literal) {  // what the macro SSL_set_tlsext_host_name does, without its cast
    SSL_ctrl(stream_.native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, address_.host.data());
  }
  stream_.set_verify_mode(boost::asio::ssl::verify_peer);
  stream_.set_verify_callback(boost::asio::ssl::host_name_verification(address_.host));
  stream_.async_handshake(boost::asio::ssl::stream_base::client, [self = shared_from_this()](const Fault& fault) {
    if (self->ended_) return;
    if (fault) return self->end(Code::unavailable, fmt::format("TLS: {}", fault.message()));
    self->log_in();
  });
}

void Connection::log_in() {
  Piece piece;
  piece.answers = 0;
  const auto add = [&piece](const std::vector<std::string>& words) {
    append_command(piece.bytes, words);
    ++piece.answers;
  };
  if (!login_.password.empty()) {
    add(login_.user.empty() ? std::vector<std::string>{"AUTH", login_.password}
                            : std::vector<std::string>{"AUTH", login_.user, login_.password});
  }
  if (login_.database != 0) add({"SELECT", std::to_string(login_.database)});
  add({"CLIENT", "SETNAME", login_.name});
  add({"ROLE"});
  piece.deadline = dial_by_;
  piece.done = [this](const Result<std::vector<Raw>>& answers, bool) {
    if (answers) logged_in(*answers);
  };
  to_write_ += piece.bytes;
  under_way_.push_back(std::move(piece));
  write_some();
  read_some();
}

void Connection::logged_in(const std::vector<Raw>& answers) {
  const size_t decisive = answers.size() - 2;  // not the name, and not the role, which a user may not be allowed to ask
  for (size_t i = 0; i < decisive; ++i) {
    if (!answers[i].error.empty()) return end(Code::unavailable, answers[i].error);
  }
  const auto& role = answers.back();
  if (role.error.starts_with("NOAUTH")) return end(Code::unavailable, role.error);
  if (role.error.starts_with("LOADING")) return end(Code::unavailable, role.error);
  const bool known = !role.reply.items.empty();
  if (login_.primary && known && role.reply.items.front().text != "master") {
    return end(Code::unavailable, "it is not the primary");
  }
  ready_ = true;
  for (auto& piece : waiting_) {
    to_write_ += piece.bytes;
    piece.bytes.clear();
    under_way_.push_back(std::move(piece));
  }
  waiting_.clear();
  if (hooks_.ready) hooks_.ready();
  write_some();
}

void Connection::send(Piece piece) {
  if (ended_) return piece.done(fail(why_ended_), false);
  if (!ready_) return waiting_.push_back(std::move(piece));
  watch();
  to_write_ += piece.bytes;
  piece.bytes.clear();
  under_way_.push_back(std::move(piece));
  // Whatever else is sent in this turn of the loop goes with it.
  if (writing_.empty()) {
    boost::asio::post(io_, [self = shared_from_this()] { self->write_some(); });
  }
}

void Connection::say(std::string_view bytes) {
  to_write_ += bytes;
  write_some();
}

template <class Stream>
void Connection::write_to(Stream& stream) {
  boost::asio::async_write(stream, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const Fault& fault, size_t) {
                             if (self->ended_) return;
                             if (fault) return self->end(Code::unavailable, fault.message());
                             self->writing_.clear();
                             self->write_some();
                           });
}

void Connection::write_some() {
  if (ended_ || !writing_.empty() || to_write_.empty()) return;
  writing_.swap(to_write_);
  if (login_.secure) {
    write_to(stream_);
  } else {
    write_to(stream_.next_layer());
  }
}

template <class Stream>
void Connection::read_from(Stream& stream) {
  stream.async_read_some(boost::asio::buffer(incoming_), [self = shared_from_this()](const Fault& fault, size_t bytes) {
    if (self->ended_) return;
    if (fault) return self->end(Code::unavailable, fault.message());
    self->take(bytes);
  });
}

void Connection::read_some() {
  if (login_.secure) {
    read_from(stream_);
  } else {
    read_from(stream_.next_layer());
  }
}

void Connection::take(size_t bytes) {
  auto read = reader_.feed({incoming_.data(), bytes});
  if (read) read = give_out();
  if (ended_) return;
  if (!read) return end(read.error().code, read.error().detail);
  read_some();
}

Status Connection::give_out() {
  while (!ended_) {
    auto raw = reader_.next();
    if (!raw) return fail(raw.error());
    if (!*raw) return {};
    if (under_way_.empty()) {
      if (hooks_.unasked) hooks_.unasked(std::move(**raw));
      continue;
    }
    collected_.push_back(std::move(**raw));
    if (collected_.size() < under_way_.front().answers) continue;
    auto piece = std::move(under_way_.front());
    under_way_.pop_front();
    piece.done(std::exchange(collected_, {}), true);
  }
  return {};
}

// Looks at the clock now and then, but not while nobody waits for anything.
void Connection::watch() {
  if (std::exchange(watching_, true)) return;
  watch_.expires_after(kWatchEvery);
  watch_.async_wait([self = shared_from_this()](const Fault& fault) {
    if (fault || self->ended_) return;
    self->watching_ = false;
    self->look_at_deadlines();
    if (!self->ended_ && !(self->ready_ && self->idle())) self->watch();
  });
}

// A server that is silent for longer than its oldest question may take is as good as gone.
void Connection::look_at_deadlines() {
  const SteadyPoint now = clock_.steady();
  if (!ready_ && now > dial_by_) return end(Code::unavailable, "it does not answer");
  if (ready_ && !under_way_.empty() && now > under_way_.front().deadline) {
    return end(Code::unavailable, "it did not answer in time");
  }
  while (!waiting_.empty() && now > waiting_.front().deadline) {
    auto late = std::move(waiting_.front());
    waiting_.pop_front();
    late.done(fail(Code::unavailable, "Redis at {}: it could not be reached in time", text_of(address_)), false);
  }
}

void Connection::end(Code code, std::string detail) {
  if (ended_) return;
  // One that says a single thing and hangs up, such as that it has too many clients, said why.
  if (!ready_ && collected_.size() == 1 && !collected_.front().error.empty()) detail = collected_.front().error;
  const Error why{.code = code, .detail = fmt::format("Redis at {}: {}", text_of(address_), detail), .field = ""};
  finish(why);
  if (hooks_.ended) hooks_.ended(why);
  hooks_ = {};
}

void Connection::close(const Error& why) {
  if (ended_) return;
  hooks_ = {};
  finish(why);
}

void Connection::finish(const Error& why) {
  ended_ = true;
  ready_ = false;
  why_ended_ = why;
  const auto self = shared_from_this();  // what answers may let go of us
  Fault ignored;
  watch_.cancel();
  resolver_.cancel();
  stream_.next_layer().close(ignored);
  for (auto& piece : std::exchange(under_way_, {})) piece.done(fail(why), true);
  for (auto& piece : std::exchange(waiting_, {})) piece.done(fail(why), false);
}

}  // namespace schedules::redis
