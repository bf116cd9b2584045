// A server that does nothing but HTTP, with answers as large as the real ones: what it reaches is the ceiling of the
// protocol and of the load generator on this machine.
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "load/event_text.h"
#include "load/http_receiver.h"
#include "load/modes.h"

namespace schedules::load {
namespace {

constexpr size_t kEventBytes = 1'200;  // of an event as the server answers it

std::string response(int status, size_t bytes) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{:x<{}}", status,
                     bytes, "", bytes);
}

}  // namespace

void respond(const Common&, Options& options) {
  const auto port = static_cast<uint16_t>(options.number("port", 0));
  options.done();
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  const std::string single = response(201, kEventBytes);
  std::map<size_t, std::string> batches;  // by the size of the request
  HttpReceiver receiver(port, [&](std::string_view head, std::string_view body) -> std::string_view {
    if (head.find("ndjson") == head.npos) return single;
    auto& batch = batches[body.size()];
    if (batch.empty()) batch = response(207, bytes_of_results(static_cast<size_t>(std::ranges::count(body, '\n'))));
    return batch;
  });
  fmt::print("{{\"event\":\"listening\",\"http\":\"http://127.0.0.1:{}\"}}\n", receiver.port());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&ends, &signal);
}

}  // namespace schedules::load
