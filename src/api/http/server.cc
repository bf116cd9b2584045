#include "api/http/server.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "api/http/worker.h"
#include "base/log.h"

namespace schedules::http {
namespace {

struct Listening {
  int descriptor = -1;
  uint16_t port = 0;
};

uint16_t bound_port(int descriptor) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
  return ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

Result<Listening> listen_on(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const std::string service = std::to_string(port);
  if (const int code = getaddrinfo(host.empty() ? nullptr : host.c_str(), service.c_str(), &hints, &found); code != 0)
    return fail_field(Code::invalid_argument, "listen", "cannot resolve {}: {}", host, gai_strerror(code));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  int error = 0;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    if (fd < 0) {
      error = errno;
      continue;
    }
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, at->ai_addr, at->ai_addrlen) == 0 && ::listen(fd, SOMAXCONN) == 0)
      return Listening{fd, bound_port(fd)};
    error = errno;
    close(fd);
  }
  return fail(Code::unavailable, "cannot listen on {}:{}: {}", host, port, strerror(error));
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<Shared> shared;
  std::vector<std::unique_ptr<Worker>> workers;
  uint16_t port = 0;
  size_t next = 0;  ///< only touched by the accepting worker

  void accepted(int descriptor) {
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    const bool refused = shared->connections.fetch_add(1) >= shared->options.max_connections;
    workers[next++ % workers.size()]->adopt(descriptor, refused);
  }
};

Server::Server(ServerOptions options, Dispatcher& dispatcher, const Clock& clock, Random& random)
    : impl_(std::make_unique<Impl>()) {
  options.threads = std::clamp<size_t>(options.threads, 1, 64);
  impl_->shared = std::shared_ptr<Shared>(new Shared{std::move(options), dispatcher, clock, random});
}

Server::~Server() { stop(std::chrono::milliseconds(0)); }

Status Server::start() {
  const auto& options = impl_->shared->options;
  auto listening = listen_on(options.host, options.port);
  if (!listening) return fail(std::move(listening.error()));
  impl_->port = listening->port;
  for (size_t i = 0; i < options.threads; ++i) impl_->workers.push_back(std::make_unique<Worker>(impl_->shared, i));
  for (const auto& worker : impl_->workers) worker->start();
  impl_->workers[0]->listen(listening->descriptor, [impl = impl_.get()](int fd) { impl->accepted(fd); });
  return {};
}

uint16_t Server::port() const { return impl_->port; }
size_t Server::connections() const { return impl_->shared->connections; }

void Server::stop(std::chrono::milliseconds grace) {
  if (impl_->workers.empty() || impl_->shared->stopping.exchange(true)) return;
  auto& shared = *impl_->shared;
  impl_->workers[0]->stop_listening();
  for (const auto& worker : impl_->workers) worker->drain();
  const auto all_closed = [&shared] { return shared.connections == 0; };
  std::unique_lock lock(shared.mutex);
  if (!shared.changed.wait_for(lock, grace, all_closed)) {
    if (grace.count() > 0) log::warn("http.stop_cut_off", {{"connections", std::to_string(shared.connections.load())}});
    for (const auto& worker : impl_->workers) worker->abort();
    shared.changed.wait_for(lock, std::chrono::seconds(1), all_closed);
  }
  lock.unlock();
  shared.stopped = true;
  // The accepting worker hands sockets to the others, so their threads end before any of them is destroyed.
  for (const auto& worker : impl_->workers) worker->join();
  impl_->workers.clear();
}

void Server::run_after(std::chrono::milliseconds delay, Task task) {
  if (!impl_->workers.empty()) impl_->workers[0]->run_after(delay, std::move(task));
}

}  // namespace schedules::http
