#include "tests/support/http_receiver.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include <fmt/format.h>

#include "base/check.h"

namespace schedules::testing {
namespace {

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
  return true;
}

/// Reads one connection's requests, keeping what came beyond the one returned.
class RequestReader {
 public:
  explicit RequestReader(int socket) : socket_(socket) {}

  std::optional<HttpRequest> next() {
    size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!more()) return std::nullopt;
    }
    HttpRequest request = parse_head(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end + 4);
    size_t length = 0;
    const auto text = request.header("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    while (buffer_.size() < length) {
      if (!more()) return std::nullopt;
    }
    request.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return request;
  }

 private:
  bool more() {
    std::array<char, 16384> bytes;
    const ssize_t got = recv(socket_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    buffer_.append(bytes.data(), static_cast<size_t>(got));
    return true;
  }

  static HttpRequest parse_head(std::string_view head) {
    HttpRequest request;
    size_t line_end = std::min(head.find("\r\n"), head.size());
    const auto first = head.substr(0, line_end);
    const size_t space = first.find(' ');
    request.method = first.substr(0, space);
    const size_t second = std::min(first.find(' ', space + 1), first.size());
    request.target = first.substr(space + 1, second - space - 1);
    while (line_end < head.size()) {
      head.remove_prefix(line_end + 2);
      line_end = std::min(head.find("\r\n"), head.size());
      const auto line = head.substr(0, line_end);
      const size_t colon = std::min(line.find(':'), line.size());
      const size_t value = line.find_first_not_of(' ', colon + 1);
      request.headers.emplace_back(line.substr(0, colon), value == std::string_view::npos ? "" : line.substr(value));
    }
    return request;
  }

  int socket_;
  std::string buffer_;
};

std::string head_of(const HttpAnswer& answer) {
  auto head = fmt::format("HTTP/1.1 {} Scripted\r\n", answer.status);
  for (const auto& [name, value] : answer.headers) head += fmt::format("{}: {}\r\n", name, value);
  if (answer.close) head += "Connection: close\r\n";
  if (answer.fault == HttpFault::endless_body) return head + "Transfer-Encoding: chunked\r\n\r\n";
  return head + fmt::format("Content-Length: {}\r\n\r\n", answer.body.size());
}

}  // namespace

std::string HttpRequest::header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const auto& one) { return same_name(one.first, name); });
  return found == headers.end() ? "" : found->second;
}

size_t HttpRequest::count(std::string_view name) const {
  return static_cast<size_t>(
      std::ranges::count_if(headers, [&](const auto& one) { return same_name(one.first, name); }));
}

HttpReceiver::HttpReceiver() {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof(at)) == 0);
  CHECK(listen(listener_, 512) == 0);
  socklen_t size = sizeof(at);
  CHECK(getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  port_ = ntohs(at.sin_port);
  accepting_ = std::thread([this] { accept_loop(); });
}

HttpReceiver::~HttpReceiver() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
  }
  changed_.notify_all();
  shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  for (auto& thread : threads_) thread.join();
  close(listener_);
}

std::string HttpReceiver::url(std::string_view path, std::string_view host) const {
  return fmt::format("http://{}:{}{}", host, port_, path);
}

void HttpReceiver::script(HttpAnswer answer) {
  const std::scoped_lock lock(mutex_);
  script_.push_back(std::move(answer));
}

void HttpReceiver::otherwise(HttpAnswer answer) {
  const std::scoped_lock lock(mutex_);
  otherwise_ = std::move(answer);
}

void HttpReceiver::release() {
  const std::scoped_lock lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

std::vector<HttpRequest> HttpReceiver::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

bool HttpReceiver::wait_for(size_t count, std::chrono::milliseconds within) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, within, [&] { return arrived_ >= count; });
}

void HttpReceiver::accept_loop() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::scoped_lock lock(mutex_);
    if (socket < 0 || stopping_) {
      if (socket >= 0) close(socket);
      return;
    }
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket, number = ++connections_] { serve(socket, number); });
  }
}

void HttpReceiver::serve(int socket, size_t connection) {
  RequestReader reader(socket);
  while (auto request = reader.next()) {
    request->connection = connection;
    HttpAnswer answer;
    {
      const std::scoped_lock lock(mutex_);
      ++arrived_;
      if (recording_) requests_.push_back(std::move(*request));
      answer = next_answer();
      changed_.notify_all();
    }
    if (!send_answer(socket, answer) || answer.close) break;
  }
  const std::scoped_lock lock(mutex_);
  std::erase(sockets_, socket);
  close(socket);
}

HttpAnswer HttpReceiver::next_answer() {
  if (script_.empty()) return otherwise_;
  HttpAnswer answer = std::move(script_.front());
  script_.pop_front();
  return answer;
}

bool HttpReceiver::send_answer(int socket, const HttpAnswer& answer) {
  if (answer.delay.count() > 0) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, answer.delay, [this] { return stopping_; });
  }
  const auto head = head_of(answer);
  const std::string_view body = answer.body;
  switch (answer.fault) {
    case HttpFault::none:
      return send_all(socket, head + answer.body);
    case HttpFault::close_unanswered:
      return false;
    case HttpFault::close_mid_body:
      send_all(socket, head);
      send_all(socket, body.substr(0, body.size() / 2));
      return false;
    case HttpFault::hold:
      wait_for_release();
      return send_all(socket, head + answer.body);
    case HttpFault::hold_mid_body:
      send_all(socket, head);
      send_all(socket, body.substr(0, body.size() / 2));
      wait_for_release();
      return send_all(socket, body.substr(body.size() / 2));
    case HttpFault::endless_body:
      if (!send_all(socket, head)) return false;
      while (send_all(socket, fmt::format("400\r\n{}\r\n", std::string(1024, 'x')))) {
      }
      return false;
    case HttpFault::endless_headers:
      send_all(socket, "HTTP/1.1 200 OK\r\n");
      while (send_all(socket, fmt::format("X-Filler: {}\r\n", std::string(1024, 'x')))) {
      }
      return false;
    case HttpFault::not_http:
      send_all(socket, "220 mail.example ESMTP\r\n");
      return false;
  }
  return false;
}

void HttpReceiver::wait_for_release() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return released_ || stopping_; });
}

}  // namespace schedules::testing
