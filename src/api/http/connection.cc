#include "api/http/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "api/http/request_parser.h"
#include "api/http/stream.h"
#include "base/log.h"
#include "base/text.h"

namespace schedules::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kFirstBuffer = 4 * 1024;
constexpr size_t kLargestBuffer = 64 * 1024;
constexpr size_t kMaxRequestIdBytes = 128;
constexpr std::chrono::milliseconds kLingerTime{2000};
constexpr std::chrono::milliseconds kLingerTimeAtStop{200};

class SocketConnection final : public Connection,
                               public ReplySink,
                               public std::enable_shared_from_this<SocketConnection> {
 public:
  SocketConnection(std::shared_ptr<asio::io_context> io, int descriptor, std::shared_ptr<Shared> shared,
                   const Beat& beat)
      : io_(std::move(io)), shared_(std::move(shared)), beat_(beat), socket_(*io_, asio::ip::tcp::v4(), descriptor) {}
  ~SocketConnection() override { abort(); }

  void start() override { next_request(); }

  void refuse() override {
    keep_alive_ = false;
    refuse_with(
        Error{.code = Code::overloaded, .detail = "too many connections", .retry_after = std::chrono::seconds(1)});
  }

  void tick() override {
    if (phase_ == Phase::closed || beat_.now < deadline_) return;
    if (phase_ == Phase::body) {
      refuse_with(Error{.code = Code::request_timeout, .detail = "the body did not arrive in time"});
    } else if (phase_ == Phase::header) {
      refuse_with(Error{.code = Code::request_timeout, .detail = "the headers did not arrive in time"});
    } else {
      abort();
    }
  }

  void drain() override {
    keep_alive_ = false;
    if (phase_ == Phase::idle) abort();
    if (stream_) stream_->close();
  }

  void abort() override {
    if (std::exchange(phase_, Phase::closed) == Phase::closed) return;
    error_code ignored;
    socket_.close(ignored);
    end_stream();
    parser_.reset();
    {
      const std::scoped_lock lock(shared_->mutex);
      --shared_->connections;
    }
    shared_->changed.notify_all();
  }

  [[nodiscard]] bool closed() const override { return phase_ == Phase::closed; }

  void reply(Response response) override {
    if (shared_->stopped) return;
    asio::dispatch(*io_, [self = shared_from_this(), response = std::move(response)]() mutable {
      self->write_response(std::move(response));
    });
  }

  std::shared_ptr<StreamWriter> reply_stream(Response head, Task on_close) override;

 private:
  enum class Phase : uint8_t { idle, header, body, handling, writing, streaming, lingering, closed };

  void enter(Phase phase, std::chrono::milliseconds time) {
    phase_ = phase;
    deadline_ = beat_.now + time;
  }

  void next_request() {
    parser_.emplace(*shared_);
    enter(Phase::idle, shared_->options.idle_timeout);
    advance();
  }

  void read_more() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (end_ == buffer_.size()) {
      if (begin_ > 0) {
        std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
      } else {
        buffer_.resize(buffer_.empty() ? kFirstBuffer : kLargestBuffer);
      }
    }
    if (end_ == buffer_.size()) return abort();
    socket_.async_read_some(asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
                            [self = shared_from_this()](error_code ec, size_t size) { self->on_read(ec, size); });
  }

  void on_read(error_code ec, size_t size) {
    if (phase_ != Phase::idle && phase_ != Phase::header && phase_ != Phase::body) return;
    if (ec) return abort();
    end_ += size;
    advance();
  }

  // Parses what is buffered, up to the end of one request; asks for more where that is not enough.
  void advance() {
    while (true) {
      if (begin_ == end_ && phase_ != Phase::body) return read_more();
      if (phase_ == Phase::idle) enter(Phase::header, shared_->options.header_timeout);
      const auto step = parser_->put(buffer_.data() + begin_, end_ - begin_);
      begin_ += step.used;
      switch (step.state) {
        case RequestParser::State::more:
          if (step.used == 0 || begin_ == end_) return read_more();
          continue;
        case RequestParser::State::broken:
          return refuse_with(parser_->error());
        case RequestParser::State::complete:
          return dispatch();
        case RequestParser::State::headers:
          if (const auto error = admit()) return refuse_with(*error);
      }
    }
  }

  // The headers are complete: decides whether to take the body.
  std::optional<Error> admit() {
    Request& request = parser_->request();
    keep_alive_ = parser_->keep_alive() && !shared_->stopping;
    chunked_ = !parser_->http_1_0();
    adopt_request_id(request);
    enter(Phase::body, shared_->options.body_timeout);
    if (!parser_->http_1_0() && !request.has_header("Host"))
      return Error{.code = Code::bad_request, .detail = "the Host header is missing"};
    if (parser_->expects_other())
      return Error{.code = Code::bad_request, .detail = "the Expect header is not understood"};
    if (!parser_->admit(shared_->dispatcher.body_limit(request))) return parser_->error();
    if (parser_->expects_continue() && begin_ == end_) send_continue();
    return std::nullopt;
  }

  void adopt_request_id(Request& request) {
    const std::string_view given = request.header("X-Request-Id");
    if (!given.empty() && given.size() <= kMaxRequestIdBytes && is_printable(given) && is_valid_utf8(given)) {
      request.request_id = given;
    } else {
      request.request_id = fmt::format("{:016x}", shared_->random.next());
    }
    request_id_ = request.request_id;
    head_only_ = request.method == Method::head;
  }

  void send_continue() {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    // So short that it always fits the socket's buffer: no need to wait for it.
    error_code ignored;
    asio::write(socket_, asio::buffer(kContinue), ignored);
  }

  // Answers without dispatch and closes, because what follows in the input cannot be trusted.
  void refuse_with(const Error& error) {
    keep_alive_ = false;
    if (!parser_) parser_.emplace(*shared_);
    if (parser_->request().request_id.empty()) adopt_request_id(parser_->request());
    write_response(shared_->dispatcher.refusal(parser_->request(), error));
  }

  void dispatch() {
    phase_ = Phase::handling;
    deadline_ = SteadyPoint::max();
    if (log::enabled(log::Level::debug)) {
      started_ = shared_->clock.steady();
      line_ = fmt::format("{} {}", parser_->request().method_text, parser_->request().target);
      traceparent_ = parser_->request().header("traceparent");
    }
    shared_->dispatcher.dispatch(std::move(parser_->request()), Responder(shared_from_this()));
  }

  void write_head(const Response& response, std::string_view framing) {
    head_.clear();
    auto out = std::back_inserter(head_);
    fmt::format_to(out, "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status, reason_phrase(response.status), beat_.date);
    if (!response.content_type.empty()) fmt::format_to(out, "Content-Type: {}\r\n", response.content_type);
    fmt::format_to(out, "X-Request-Id: {}\r\n", request_id_);
    for (const auto& [name, value] : response.headers) fmt::format_to(out, "{}: {}\r\n", name, value);
    if (!keep_alive_) head_ += "Connection: close\r\n";
    head_ += framing;
    head_ += "\r\n";
  }

  void write_response(Response response) {
    if (phase_ == Phase::closed || phase_ == Phase::writing || phase_ == Phase::lingering) return;
    keep_alive_ = keep_alive_ && !shared_->stopping;
    const bool bodiless = response.status == 204 || response.status == 304;
    write_head(response, bodiless ? std::string() : fmt::format("Content-Length: {}\r\n", response.body.size()));
    body_ = std::move(response.body);
    if (bodiless || head_only_) body_.clear();
    log_access(response.status);
    enter(Phase::writing, shared_->options.write_timeout);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(head_), asio::buffer(body_)};
    asio::async_write(socket_, parts, [self = shared_from_this()](error_code ec, size_t) { self->on_written(ec); });
  }

  void on_written(error_code ec) {
    if (phase_ != Phase::writing) return;
    if (ec) return abort();
    if (!keep_alive_ || shared_->stopping) return linger();
    next_request();
  }

  // Closing with unread input would reset the connection and may destroy the response on its way.
  void linger() {
    parser_.reset();
    error_code ignored;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    enter(Phase::lingering, shared_->stopping ? kLingerTimeAtStop : kLingerTime);
    discard();
  }

  void discard() {
    if (buffer_.size() < kFirstBuffer) buffer_.resize(kFirstBuffer);
    socket_.async_read_some(asio::buffer(buffer_), [self = shared_from_this()](error_code ec, size_t) {
      if (self->phase_ != Phase::lingering && self->phase_ != Phase::streaming) return;
      if (ec) return self->abort();
      self->discard();
    });
  }

  void log_access(int status) {
    if (line_.empty() || !log::enabled(log::Level::debug)) return;
    log::debug("http.request", {{"line", std::exchange(line_, {})},
                                {"status", std::to_string(status)},
                                {"bytes", std::to_string(body_.size())},
                                {"request_id", request_id_},
                                {"traceparent", traceparent_},
                                {"took_us", std::to_string((shared_->clock.steady() - started_).count())}});
  }

  [[nodiscard]] std::string framed(const StreamQueue::Taken& taken) const {
    if (!chunked_) return taken.text;
    std::string out;
    if (!taken.text.empty()) out = fmt::format("{:x}\r\n{}\r\n", taken.text.size(), taken.text);
    if (taken.ended) out += "0\r\n\r\n";
    return out;
  }
  void begin_stream(const Response& head);
  void flush_stream();
  void end_stream();

  std::shared_ptr<asio::io_context> io_;
  std::shared_ptr<Shared> shared_;
  const Beat& beat_;
  asio::ip::tcp::socket socket_;
  std::optional<RequestParser> parser_;
  std::vector<char> buffer_;
  size_t begin_ = 0;  ///< buffered and not yet parsed: [begin_, end_)
  size_t end_ = 0;
  Phase phase_ = Phase::idle;
  SteadyPoint deadline_ = SteadyPoint::max();
  bool keep_alive_ = true;
  bool chunked_ = true;
  bool head_only_ = false;
  std::string request_id_;
  std::string head_;
  std::string body_;
  std::string line_;  ///< for the access log; empty: not logged
  std::string traceparent_;
  SteadyPoint started_;
  std::shared_ptr<StreamQueue> stream_;
  Task on_stream_close_;
  bool writing_stream_ = false;
};

std::shared_ptr<StreamWriter> SocketConnection::reply_stream(Response head, Task on_close) {
  auto queue = std::make_shared<StreamQueue>(shared_->options.max_stream_backlog_bytes, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || self->shared_->stopped) return;
    asio::post(*self->io_, [self] { self->flush_stream(); });
  });
  asio::dispatch(*io_,
                 [self = shared_from_this(), queue, head = std::move(head), on_close = std::move(on_close)]() mutable {
                   self->stream_ = queue;
                   self->on_stream_close_ = std::move(on_close);
                   self->begin_stream(head);
                 });
  return queue;
}

void SocketConnection::begin_stream(const Response& head) {
  if (phase_ != Phase::handling) return end_stream();
  keep_alive_ = false;
  write_head(head, chunked_ ? "Transfer-Encoding: chunked\r\n" : "");
  phase_ = Phase::streaming;
  log_access(head.status);
  if (head_only_ || shared_->stopping) stream_->close();
  body_ = std::exchange(head_, {});
  discard();  // to notice that the reader has gone
  deadline_ = beat_.now + shared_->options.write_timeout;
  writing_stream_ = true;
  asio::async_write(socket_, asio::buffer(body_), [self = shared_from_this()](error_code ec, size_t) {
    self->writing_stream_ = false;
    if (ec) return self->abort();
    self->flush_stream();
  });
}

void SocketConnection::flush_stream() {
  if (phase_ != Phase::streaming || writing_stream_) return;
  auto taken = stream_->take();
  if (taken.overrun) return abort();
  deadline_ = SteadyPoint::max();
  if (taken.text.empty() && !taken.ended) return;
  body_.clear();
  if (!head_only_) body_ = framed(taken);
  deadline_ = beat_.now + shared_->options.write_timeout;
  writing_stream_ = true;
  asio::async_write(socket_, asio::buffer(body_),
                    [self = shared_from_this(), ended = taken.ended](error_code ec, size_t) {
                      self->writing_stream_ = false;
                      if (ec || self->phase_ != Phase::streaming) return self->abort();
                      if (!ended) return self->flush_stream();
                      self->end_stream();
                      self->enter(Phase::lingering, self->shared_->stopping ? kLingerTimeAtStop : kLingerTime);
                      error_code ignored;
                      self->socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
                    });
}

void SocketConnection::end_stream() {
  if (stream_) stream_->abandon();
  stream_.reset();
  if (auto on_close = std::exchange(on_stream_close_, nullptr)) on_close();
}

}  // namespace

std::shared_ptr<Connection> make_connection(std::shared_ptr<asio::io_context> io, int descriptor,
                                            std::shared_ptr<Shared> shared, const Beat& beat) {
  return std::make_shared<SocketConnection>(std::move(io), descriptor, std::move(shared), beat);
}

}  // namespace schedules::http
