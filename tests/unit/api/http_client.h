// A bare HTTP client over a real socket, so that tests can also send what no proper client would.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace schedules::http {

class Client {
 public:
  explicit Client(uint16_t port);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view bytes) const;
  void finish_sending() const;
  /// Resets the connection instead of ending it.
  void reset();

  struct Reply {
    int status = 0;
    std::string head;
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const;
  };
  /// The next response, with a body of Content-Length (none for HEAD). status 0: the connection ended instead.
  Reply read(std::string_view method = "GET");
  /// Everything up to and with the mark; what there is where the connection ends before it.
  std::string read_until(std::string_view mark);
  /// Whether the server has closed and nothing is left to read.
  bool at_end();
  Reply get(std::string_view path);

 private:
  bool fill();
  int descriptor_;
  std::string buffer_;
};

}  // namespace schedules::http
