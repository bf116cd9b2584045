#include "tests/support/tcp_proxy.h"

#include <array>
#include <stdexcept>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace schedules::testing {
namespace {

sockaddr_in address_of(uint32_t host, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = host;
  address.sin_port = htons(port);
  return address;
}

sockaddr* generic(sockaddr_in& address) { return static_cast<sockaddr*>(static_cast<void*>(&address)); }

bool send_all(int socket, const char* data, size_t size) {
  while (size > 0) {
    const ssize_t sent = ::send(socket, data, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data += sent;
    size -= static_cast<size_t>(sent);
  }
  return true;
}

}  // namespace

// Both sockets of one connection. They are shut down, which ends both pumps; the last one closes them.
struct TcpProxy::Pair {
  int client;
  int server;
  Pair(int client_socket, int server_socket) : client(client_socket), server(server_socket) {}
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    ::close(client);
    ::close(server);
  }
  void shut() const {
    ::shutdown(client, SHUT_RDWR);
    ::shutdown(server, SHUT_RDWR);
  }
};

TcpProxy::TcpProxy(const std::string& server) {
  const auto colon = server.rfind(':');
  if (colon == std::string::npos) throw std::invalid_argument("not host:port: " + server);
  server_port_ = static_cast<uint16_t>(std::stoul(server.substr(colon + 1)));
  server_address_ = ::inet_addr(server.substr(0, colon).c_str());
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  auto address = address_of(htonl(INADDR_LOOPBACK), 0);
  socklen_t length = sizeof(address);
  if (::bind(listener_, generic(address), length) != 0 || ::listen(listener_, 128) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  ::getsockname(listener_, generic(address), &length);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_loop(); });
}

TcpProxy::~TcpProxy() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  accepting_.join();
  ::close(listener_);
  cut();
  for (auto& thread : threads_) thread.join();
}

void TcpProxy::set(Mode mode) {
  mode_ = mode;
  if (mode == Mode::refuse) cut();
}

void TcpProxy::cut() {
  const std::scoped_lock lock(mutex_);
  for (const auto& pair : pairs_) pair->shut();
  pairs_.clear();
}

void TcpProxy::accept_loop() {
  while (!stopping_) {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    ++accepted_;
    const int server = mode_ == Mode::refuse ? -1 : ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = address_of(server_address_, server_port_);
    if (server < 0 || ::connect(server, generic(address), sizeof(address)) != 0) {
      ::close(client);
      if (server >= 0) ::close(server);
      continue;
    }
    const int on = 1;
    ::setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ::setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    auto pair = std::make_shared<Pair>(client, server);
    const std::scoped_lock lock(mutex_);
    pairs_.push_back(pair);
    threads_.emplace_back([this, pair] { pump(pair, true); });
    threads_.emplace_back([this, pair] { pump(pair, false); });
  }
}

void TcpProxy::pump(const std::shared_ptr<Pair>& pair, bool from_client) {
  std::array<char, 65'536> buffer;
  const int from = from_client ? pair->client : pair->server;
  const int to = from_client ? pair->server : pair->client;
  while (true) {
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), 0);
    if (got <= 0) break;
    const Mode mode = mode_;
    if (mode == (from_client ? Mode::swallow_requests : Mode::swallow_answers)) continue;
    const bool last = from_client && cut_after_request_.exchange(false);
    if (last) ::shutdown(pair->client, SHUT_WR);  // no answer gets past
    if (!send_all(to, buffer.data(), static_cast<size_t>(got))) break;
    if (last) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the server acts on it before the cut
      break;
    }
  }
  pair->shut();
}

}  // namespace schedules::testing
