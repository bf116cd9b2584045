// HTTP to the server, over one kept connection. One thread. An answer that is not 2xx becomes an Error with the server's
// own code, detail and field, from either of its two error forms.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/session.h"

namespace schedules::cli {

inline constexpr const char* kSchedules = "/api/v1/admin/schedules";

struct Request {
  std::string method = "GET";
  std::string path;  ///< from the root, with its query: "/api/v1/events?limit=10"
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::chrono::milliseconds timeout{60'000};
};

struct Reply {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  ///< names in lower case
};

class Client {
 public:
  /// Errors: invalid_argument (address), io_error (token file).
  static Result<Client> open(const Session& session);
  Client(Client&&) noexcept;
  ~Client();

  /// Errors: what the server answered; unavailable where it cannot be reached, timeout.
  Result<Reply> send(const Request& request);
  /// Any answer, also one that is not 2xx. Errors: unavailable, timeout.
  Result<Reply> exchange(const Request& request);
  /// Hands over the body as it comes, until the server ends it (ok) or `take` gives false (ok).
  Status stream(const Request& request, const std::function<bool(std::string_view)>& take);

  [[nodiscard]] const std::string& server() const;

 private:
  struct Impl;
  explicit Client(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The error of an answer that is not 2xx.
Error error_of(const Reply& reply);

/// "?a=1&b=x%20y" of what is not empty.
std::string query_text(const std::vector<std::pair<std::string, std::string>>& parameters);
/// Percent-encoded for one segment of a path or a query.
std::string escaped(std::string_view text);

/// Waits; for retries.
void pause_for(std::chrono::milliseconds time);

}  // namespace schedules::cli
