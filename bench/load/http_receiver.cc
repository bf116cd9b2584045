#include "load/http_receiver.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "load/http_client.h"

namespace schedules::load {
namespace {

constexpr size_t kFirstReceived = 16 * 1024;
constexpr int kBacklog = 1'024;

void watch(int poll, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  ::epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
}

size_t length_in(std::string_view head) {
  constexpr std::string_view kName = "\r\ncontent-length:";
  for (size_t at = 0; at + kName.size() < head.size(); ++at) {
    if (head[at] == '\r' && ::strncasecmp(head.data() + at, kName.data(), kName.size()) == 0)
      return static_cast<size_t>(std::atoll(head.data() + at + kName.size()));
  }
  return 0;
}

}  // namespace

HttpReceiver::HttpReceiver(uint16_t port, Respond respond)
    : respond_(std::move(respond)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      poll_(::epoll_create1(EPOLL_CLOEXEC)) {
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_port = htons(port);
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(where);
  sockaddr generic{};
  std::memcpy(&generic, &where, sizeof(generic));
  if (::bind(listener_, &generic, size) != 0 || ::listen(listener_, kBacklog) != 0) give_up("cannot listen");
  ::getsockname(listener_, &generic, &size);
  std::memcpy(&where, &generic, sizeof(where));
  port_ = ntohs(where.sin_port);
  watch(poll_, listener_);
  thread_ = std::thread([this] { run(); });
}

HttpReceiver::~HttpReceiver() { stop(); }

void HttpReceiver::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  for (const auto& [descriptor, peer] : peers_) ::close(descriptor);
  peers_.clear();
  if (listener_ >= 0) ::close(std::exchange(listener_, -1));
  if (poll_ >= 0) ::close(std::exchange(poll_, -1));
}

void HttpReceiver::run() {
  std::array<epoll_event, 128> events{};
  while (!stopping_) {
    const int count = ::epoll_wait(poll_, events.data(), static_cast<int>(events.size()), 100);
    for (int i = 0; i < count; ++i) {
      const int descriptor = events[static_cast<size_t>(i)].data.fd;
      if (descriptor == listener_) {
        const int peer = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (peer < 0) continue;
        const int on = 1;
        ::setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        peers_[peer].buffer.resize(kFirstReceived);
        watch(poll_, peer);
      } else if (!serve(descriptor, peers_[descriptor])) {
        peers_.erase(descriptor);
        ::close(descriptor);
      }
    }
  }
}

// False: the peer has gone.
bool HttpReceiver::serve(int descriptor, Peer& peer) {
  const ssize_t got =
      ::recv(descriptor, peer.buffer.data() + peer.filled, peer.buffer.size() - peer.filled, MSG_DONTWAIT);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  peer.filled += static_cast<size_t>(got);
  while (answer(descriptor, peer)) {
  }
  if (peer.filled == peer.buffer.size()) peer.buffer.resize(2 * peer.buffer.size());
  return true;
}

// True: there was a whole request, and there may be another.
bool HttpReceiver::answer(int descriptor, Peer& peer) {
  const std::string_view text(peer.buffer.data(), peer.filled);
  if (peer.head == 0) {
    const size_t end = text.find("\r\n\r\n");
    if (end == text.npos) return false;
    peer.head = end + 4;
    peer.wanted = peer.head + length_in(text.substr(0, end));
    if (peer.buffer.size() <= peer.wanted) {
      peer.buffer.resize(peer.wanted + 1);
      return true;
    }
  }
  if (peer.filled < peer.wanted) return false;
  auto response = respond_(text.substr(0, peer.head), text.substr(peer.head, peer.wanted - peer.head));
  while (!response.empty()) {
    const ssize_t sent = ::send(descriptor, response.data(), response.size(), MSG_NOSIGNAL);
    if (sent <= 0 && errno != EINTR) return false;
    if (sent > 0) response.remove_prefix(static_cast<size_t>(sent));
  }
  peer.filled -= peer.wanted;
  std::memmove(peer.buffer.data(), peer.buffer.data() + peer.wanted, peer.filled);
  peer.head = peer.wanted = 0;
  return peer.filled > 0;
}

}  // namespace schedules::load
