// Reads one HTTP/1.1 request from bytes, within the server's bounds. Owned by one connection.
#pragma once

#include <memory>
#include <optional>

#include "api/http/connection.h"

namespace schedules::http {

class RequestParser {
 public:
  explicit RequestParser(Shared& shared);
  ~RequestParser();  ///< gives the body's memory back to the server's budget

  enum class State : uint8_t { more, headers, complete, broken };
  struct Step {
    State state = State::more;
    size_t used = 0;  ///< bytes consumed; the rest is to be given again, with more behind it
  };
  /// Stops once after the headers, so that admit() can be called.
  Step put(const char* data, size_t size);
  /// How large the body may be, once known. False: error() says why it is refused.
  bool admit(size_t limit);

  Request& request();
  [[nodiscard]] const Error& error() const;  ///< why State::broken, or why admit was false
  [[nodiscard]] bool keep_alive() const;
  [[nodiscard]] bool http_1_0() const;
  [[nodiscard]] bool expects_continue() const;
  [[nodiscard]] bool expects_other() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::http
