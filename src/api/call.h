// One request on its way through a route's handler, and the answer it owes.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/auth.h"
#include "api/http/message.h"
#include "api/problem.h"
#include "base/ids.h"

namespace schedules::api {

/// Owned by whoever answers it; may move between threads, is used by one at a time.
class Call {
 public:
  Call(http::Request its_request, http::Responder its_responder, ErrorForm its_form)
      : request(std::move(its_request)), form(its_form), responder_(std::move(its_responder)) {}

  http::Request request;
  ErrorForm form;
  Identity identity;
  /// Told of the answer's status, once.
  std::function<void(int status)> on_answer;
  http::Fields extra_headers;  ///< sent with whatever is answered (CORS)

  /// A parameter of the route's pattern, decoded; "" if there is none of that name.
  [[nodiscard]] std::string_view param(std::string_view name) const;
  std::vector<std::pair<std::string_view, std::string>> params;

  void send(http::Response response);
  void json(int status, std::string body, http::Fields headers = {});
  void empty(int status, http::Fields headers = {});
  /// `members`: see ErrorContext.
  void fail(const Error& error, std::string_view members = {});
  std::shared_ptr<http::StreamWriter> stream(http::Response head, Task on_close);

 private:
  http::Responder responder_;
};

using CallPtr = std::unique_ptr<Call>;
using Handler = std::function<void(CallPtr)>;

/// Revision of an If-Match header: "7", W/"7" or bare; nullopt without one or for "*". Errors: bad_request.
Result<std::optional<uint64_t>> if_match(const http::Request& request);
std::string etag_of(uint64_t revision);
/// The parameter {id} of an event's path. Errors: invalid_argument.
Result<EventId> event_id_of(const Call& call);

}  // namespace schedules::api
