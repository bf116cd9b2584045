#include "cli/reach.h"

#include <charconv>
#include <cstring>
#include <memory>

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"

namespace schedules::cli {
namespace {

uint16_t port_of(std::string_view scheme, uint16_t http) {
  if (scheme == "mongodb" || scheme == "mongodb+srv") return 27017;
  if (scheme == "redis-sentinel") return 26379;
  if (scheme == "redis" || scheme == "rediss" || scheme == "redis-cluster") return 6379;
  if (scheme == "clickhouse") return 9000;
  if (scheme == "https") return 443;
  return http;
}

HostPort split(std::string_view text, uint16_t fallback) {
  if (const auto parsed = parse_host_port(text)) return *parsed;
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  return {std::string(text), fallback};
}

// Waits until the connection stands or fails; 0 or an errno.
int finish_connect(int socket, std::chrono::milliseconds limit) {
  pollfd wait{.fd = socket, .events = POLLOUT, .revents = 0};
  const int ready = poll(&wait, 1, static_cast<int>(limit.count()));
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

int connect_once(const addrinfo& address, std::chrono::milliseconds limit) {
  const int socket = ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  int error = 0;
  if (connect(socket, address.ai_addr, address.ai_addrlen) != 0) {
    error = errno == EINPROGRESS ? finish_connect(socket, limit) : errno;
  }
  close(socket);
  return error;
}

}  // namespace

std::vector<HostPort> endpoints_of(std::string_view url, uint16_t http) {
  const auto colon = url.find("://");
  if (colon == std::string_view::npos) return {};
  const auto fallback = port_of(to_lower(url.substr(0, colon)), http);
  auto hosts = url.substr(colon + 3);
  hosts = hosts.substr(0, hosts.find_first_of("/?#"));
  if (const auto at = hosts.rfind('@'); at != std::string_view::npos) hosts.remove_prefix(at + 1);
  std::vector<HostPort> out;
  while (!hosts.empty()) {
    const auto comma = std::min(hosts.find(','), hosts.size());
    out.push_back(split(hosts.substr(0, comma), fallback));
    hosts.remove_prefix(std::min(comma + 1, hosts.size()));
  }
  return out;
}

Status reach(const HostPort& endpoint, std::chrono::milliseconds limit) {
  const auto name = fmt::format("{}:{}", endpoint.host, endpoint.port);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int resolved = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &found);
  if (resolved != 0) return fail(Code::unavailable, "{}: {}", name, gai_strerror(resolved));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  int error = EHOSTUNREACH;
  for (const auto* address = found; address != nullptr; address = address->ai_next) {
    error = connect_once(*address, limit);
    if (error == 0) return {};
  }
  return fail(error == ETIMEDOUT ? Code::timeout : Code::unavailable, "{}: {}", name, std::strerror(error));
}

}  // namespace schedules::cli
