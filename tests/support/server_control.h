// Does to a real server what only its parent can (tests/servers/control.py): kill, stop, start, pause, resume.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace schedules::testing {

/// The environment's value; fails the test run where it is missing, so that no test passes for want of its server.
inline std::string environment(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) throw std::runtime_error(std::string(name) + " is not set: run it beside its server");
  return value;
}

class ServerControl {
 public:
  /// `name`: the environment variable that has the address.
  explicit ServerControl(const char* name) : address_(environment(name)) {}

  void kill(int node = -1) const { say("kill", node); }
  void stop(int node = -1) const { say("stop", node); }
  void start(int node = -1) const { say("start", node); }
  void pause(int node = -1) const { say("pause", node); }
  void resume(int node = -1) const { say("resume", node); }

 private:
  void say(std::string word, int node) const {
    if (node >= 0) word += " " + std::to_string(node);
    const auto colon = address_.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address_.substr(colon + 1))));
    ::inet_pton(AF_INET, address_.substr(0, colon).c_str(), &to.sin_addr);
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) throw std::runtime_error("no control");
    word += "\n";
    static_cast<void>(!::write(fd, word.data(), word.size()));
    std::string answer;
    char c = 0;
    while (::read(fd, &c, 1) == 1 && c != '\n') answer.push_back(c);
    ::close(fd);
    if (answer != "ok") throw std::runtime_error(word + ": " + answer);
  }

  std::string address_;
};

}  // namespace schedules::testing
