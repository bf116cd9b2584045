#include "api/call.h"

#include <charconv>

namespace schedules::api {

std::string_view Call::param(std::string_view name) const {
  for (const auto& [key, value] : params)
    if (key == name) return value;
  return {};
}

void Call::send(http::Response response) {
  if (on_answer) std::exchange(on_answer, nullptr)(response.status);
  response.headers.insert(response.headers.end(), extra_headers.begin(), extra_headers.end());
  responder_.send(std::move(response));
}

void Call::json(int status, std::string body, http::Fields headers) {
  http::Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = std::move(body);
  response.headers = std::move(headers);
  send(std::move(response));
}

void Call::empty(int status, http::Fields headers) {
  http::Response response;
  response.status = status;
  response.headers = std::move(headers);
  send(std::move(response));
}

void Call::fail(const Error& error, std::string_view members) {
  send(error_response(error, {form, request.request_id, request.body, members}));
}

std::shared_ptr<http::StreamWriter> Call::stream(http::Response head, Task on_close) {
  if (on_answer) std::exchange(on_answer, nullptr)(head.status);
  head.headers.insert(head.headers.end(), extra_headers.begin(), extra_headers.end());
  return responder_.stream(std::move(head), std::move(on_close));
}

Result<std::optional<uint64_t>> if_match(const http::Request& request) {
  std::string_view text = request.header("If-Match");
  if (text.empty() || text == "*") return std::optional<uint64_t>{};
  if (text.starts_with("W/")) text.remove_prefix(2);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  uint64_t revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (error != std::errc() || end != text.data() + text.size())
    return schedules::fail(Code::bad_request, "If-Match must carry one revision, such as \"3\"");
  return revision;
}

std::string etag_of(uint64_t revision) { return fmt::format("\"{}\"", revision); }

}  // namespace schedules::api
