#include "load/http_client.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace schedules::load {
namespace {

constexpr size_t kFirstBuffer = 16 * 1024;

}  // namespace

void give_up(const std::string& why) {
  std::fprintf(stderr, "schedules_load: %s\n", why.c_str());
  std::exit(1);
}

Address address_of(std::string_view url) {
  if (const size_t scheme = url.find("://"); scheme != url.npos) url.remove_prefix(scheme + 3);
  const size_t colon = url.rfind(':');
  if (colon == url.npos) give_up("an address is http://host:port");
  return {.host = std::string(url.substr(0, colon)),
          .port = static_cast<uint16_t>(std::atoi(std::string(url.substr(colon + 1)).c_str()))};
}

int connect_to(const Address& address) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(address.port);
  if (::inet_pton(AF_INET, address.host.c_str(), &where.sin_addr) != 1) give_up("not an IPv4 address: " + address.host);
  sockaddr generic{};
  std::memcpy(&generic, &where, sizeof(generic));
  if (::connect(descriptor, &generic, sizeof(where)) != 0) {
    ::close(descriptor);
    return -1;
  }
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  return descriptor;
}

Fleet::Fleet(const Address& address, size_t connections) : lines_(connections), poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (size_t i = 0; i < connections; ++i) {
    Line& line = lines_[i];
    line.descriptor = connect_to(address);
    if (line.descriptor < 0) give_up("cannot connect to " + address.text());
    line.buffer.resize(kFirstBuffer);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, line.descriptor, &event);
  }
}

Fleet::~Fleet() {
  for (const auto& line : lines_) ::close(line.descriptor);
  ::close(poll_);
}

void Fleet::send(size_t index, std::string_view request) {
  Line& line = lines_[index];
  if (std::exchange(line.busy, true)) give_up("a connection was used twice at a time");
  ++under_way_;
  line.unsent = request;
  line.filled = line.wanted = 0;
  line.sent_ns = steady_ns();
  push(line);
}

// Watches for room only while there is something left to send.
void Fleet::push(Line& line) {
  while (!line.unsent.empty()) {
    const ssize_t sent = ::send(line.descriptor, line.unsent.data(), line.unsent.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) give_up(std::string("the server closed a connection: ") + std::strerror(errno));
    line.unsent.remove_prefix(static_cast<size_t>(sent));
  }
  const bool wants = !line.unsent.empty();
  if (wants == std::exchange(line.wants_write, wants)) return;
  epoll_event event{};
  event.events = EPOLLIN | (wants ? EPOLLOUT : 0U);
  event.data.u64 = static_cast<uint64_t>(&line - lines_.data());
  ::epoll_ctl(poll_, EPOLL_CTL_MOD, line.descriptor, &event);
}

void Fleet::read_head(Line& line) {
  const std::string_view text(line.buffer.data(), line.filled);
  const size_t end = text.find("\r\n\r\n");
  if (end == text.npos) return;
  line.head = end + 4;
  line.status = std::atoi(text.data() + 9);
  size_t length = text.find("Content-Length:");
  if (length == text.npos) length = text.find("content-length:");
  const bool bodiless = length == text.npos || length > end;
  line.wanted = line.head + (bodiless ? 0 : static_cast<size_t>(std::atoll(text.data() + length + 15)));
  if (line.wanted > line.buffer.size()) line.buffer.resize(line.wanted);
}

// True: the whole answer is there.
bool Fleet::pull(Line& line) {
  while (true) {
    if (line.filled == line.buffer.size()) line.buffer.resize(2 * line.buffer.size());
    const ssize_t got =
        ::recv(line.descriptor, line.buffer.data() + line.filled, line.buffer.size() - line.filled, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) give_up("the server closed a connection");
    line.filled += static_cast<size_t>(got);
    if (line.wanted == 0) read_head(line);
    if (line.wanted != 0 && line.filled >= line.wanted) return true;
  }
}

void Fleet::work(int timeout_ms, const Done& done) {
  std::array<epoll_event, 128> events{};
  const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    Line& line = lines_[event.data.u64];
    if ((event.events & EPOLLOUT) != 0) push(line);
    if ((event.events & ~static_cast<uint32_t>(EPOLLOUT)) == 0 || !pull(line)) continue;
    line.busy = false;
    --under_way_;
    done(event.data.u64, Answer{.status = line.status,
                                .body = {line.buffer.data() + line.head, line.wanted - line.head},
                                .took_ns = steady_ns() - line.sent_ns});
  }
}

Answer Fleet::ask(std::string_view request) {
  Answer answer;
  send(0, request);
  while (under_way_ > 0) work(-1, [&answer](size_t, const Answer& given) { answer = given; });
  return answer;
}

}  // namespace schedules::load
