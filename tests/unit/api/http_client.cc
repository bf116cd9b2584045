#include "tests/unit/api/http_client.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>

#include <fmt/format.h>

#include "api/http/message.h"
#include "base/check.h"

namespace schedules::http {

Client::Client(uint16_t port) : descriptor_(socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(descriptor_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  const timeval patience{20, 0};  // only a broken server takes so long
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

Client::~Client() { close(descriptor_); }

void Client::send(std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    bytes.remove_prefix(static_cast<size_t>(sent));
  }
}

void Client::finish_sending() const { shutdown(descriptor_, SHUT_WR); }

void Client::reset() {
  const linger at_once{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  close(descriptor_);
  descriptor_ = -1;
}

bool Client::fill() {
  std::array<char, 65536> bytes{};
  const ssize_t got = recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (got <= 0) return false;
  buffer_.append(bytes.data(), static_cast<size_t>(got));
  return true;
}

std::string Client::read_until(std::string_view mark) {
  size_t at = 0;
  while ((at = buffer_.find(mark)) == std::string::npos)
    if (!fill()) return std::exchange(buffer_, {});
  std::string text = buffer_.substr(0, at + mark.size());
  buffer_.erase(0, text.size());
  return text;
}

Client::Reply Client::read(std::string_view method) {
  Reply reply;
  reply.head = read_until("\r\n\r\n");
  if (!reply.head.ends_with("\r\n\r\n")) return reply;
  reply.status = std::stoi(reply.head.substr(9, 3));
  const std::string length = reply.header("Content-Length");
  if (method == "HEAD" || length.empty()) return reply;
  const size_t size = std::stoul(length);
  while (buffer_.size() < size && fill()) continue;
  reply.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return reply;
}

std::string Client::Reply::header(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find("\r\n"));
    rest.remove_prefix(std::min(rest.size(), line.size() + 2));
    const size_t colon = line.find(": ");
    if (colon != line.npos && equals_ignoring_case(line.substr(0, colon), name))
      return std::string(line.substr(colon + 2));
  }
  return {};
}

bool Client::at_end() { return buffer_.empty() && !fill(); }

Client::Reply Client::get(std::string_view path) {
  send(fmt::format("GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", path));
  return read();
}

}  // namespace schedules::http
