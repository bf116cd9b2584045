// HTTP requests and responses as plain values, and the two ways to answer: once, or as a stream.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/executor.h"
#include "base/result.h"

namespace schedules::http {

enum class Method : uint8_t { get, head, post, put, patch, del, options, other };

std::string_view to_string(Method method);

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Request {
  Method method = Method::other;
  std::string method_text;  ///< as it came, e.g. "GET"
  std::string target;       ///< path and query, as they came
  Fields headers;
  std::string body;
  std::string request_id;       ///< the caller's X-Request-Id, or one made here
  const void* route = nullptr;  ///< for the dispatcher's own use between admission and dispatch

  /// The first header of that name in any case, or "".
  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] bool has_header(std::string_view name) const;
  [[nodiscard]] std::string_view path() const;   ///< target before '?', not decoded
  [[nodiscard]] std::string_view query() const;  ///< target after '?', not decoded
};

struct Response {
  int status = 200;
  std::string content_type;  ///< empty: no such header
  std::string body;
  Fields headers;
};

/// "a%20b+c" to "a b c"; false if an escape is broken. `plus_is_space` in queries only.
enum class Plus : uint8_t { literal, space };
bool decode_percent(std::string_view text, Plus plus, std::string& out);
bool equals_ignoring_case(std::string_view a, std::string_view b);
std::string_view reason_phrase(int status);

/// An open response that is written piece by piece. Thread-safe.
class StreamWriter {
 public:
  virtual ~StreamWriter() = default;
  /// False once the reader is gone, or is so slow that the bounded queue is full: it is cut off then.
  virtual bool write(std::string_view text) = 0;
  /// Runs the task once, when all that was written has been sent; at once if nothing waits. Not after the end.
  virtual void when_sent(Task task) = 0;
  /// Ends the response after what is queued. Idempotent.
  virtual void close() = 0;
};

/// What a connection offers to a Responder; tests put their own here.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  virtual void reply(Response response) = 0;
  virtual std::shared_ptr<StreamWriter> reply_stream(Response head, Task on_close) = 0;
};

/// The duty to answer one request exactly once, from any thread. Dropped unanswered, it answers 500.
class Responder {
 public:
  explicit Responder(std::shared_ptr<ReplySink> sink) : sink_(std::move(sink)) {}
  Responder(Responder&&) noexcept = default;
  Responder& operator=(Responder&&) = delete;
  ~Responder();

  void send(Response response);
  /// Sends head (its body is ignored) and leaves the response open. `on_close` runs once, on a thread of the
  /// server, when the reader is gone or the server stops; also after StreamWriter::close.
  std::shared_ptr<StreamWriter> stream(Response head, Task on_close);

 private:
  std::shared_ptr<ReplySink> sink_;
};

/// What the server asks of the application. Called on the server's threads; must not block.
class Dispatcher {
 public:
  virtual ~Dispatcher() = default;
  /// The headers are there, the body is not: how large may the body be? May set request.route.
  virtual size_t body_limit(Request& request) const = 0;
  virtual void dispatch(Request request, Responder responder) = 0;
  /// The response for a request that never reached dispatch: broken, too large, too slow.
  [[nodiscard]] virtual Response refusal(const Request& request, const Error& error) const = 0;
};

}  // namespace schedules::http
