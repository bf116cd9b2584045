#include "cli/client.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include <curl/curl.h>
#include <poll.h>
#include <boost/json.hpp>

#include "base/text.h"
#include "config/settings.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr long kConnectMs = 5000;
constexpr size_t kMaxReplyBytes = 256UL * 1024 * 1024;

using Handle = std::unique_ptr<CURL, decltype(&curl_easy_cleanup)>;
using List = std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)>;

std::optional<Code> parse_code(std::string_view text) {
  static constexpr std::pair<std::string_view, Code> kCodes[] = {
#define X(code, status, retryable, title) {#code, Code::code},
#include "base/errors.def"
#undef X
  };
  const auto* found = std::ranges::find(kCodes, text, &std::pair<std::string_view, Code>::first);
  if (found == std::end(kCodes)) return std::nullopt;
  return found->second;
}

Code code_of_status(int status) {
  switch (status) {
    case 400:
      return Code::bad_request;
    case 401:
      return Code::unauthenticated;
    case 403:
      return Code::forbidden;
    case 404:
      return Code::not_found;
    case 405:
      return Code::method_not_allowed;
    case 409:
      return Code::conflict;
    case 412:
      return Code::revision_conflict;
    case 413:
      return Code::payload_too_large;
    case 422:
      return Code::invalid_argument;
    case 429:
      return Code::rate_limited;
    case 503:
      return Code::unavailable;
    default:
      return status >= 500 ? Code::internal : Code::bad_request;
  }
}

std::string text_of(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// {"field","code","detail"} of a problem, or {"loc":["body","name"],"msg"} of the original's form.
Error fault_of(const json::object& item, Code fallback) {
  Error fault{.code = parse_code(text_of(item, "code")).value_or(fallback)};
  fault.detail = text_of(item, "detail");
  if (fault.detail.empty()) fault.detail = text_of(item, "msg");
  fault.field = text_of(item, "field");
  if (const auto* column = item.if_contains("column"); column != nullptr && column->is_int64()) {
    fault.column = static_cast<int>(column->get_int64());
  }
  if (const auto* loc = item.if_contains("loc"); loc != nullptr && loc->is_array()) {
    for (const auto& part : loc->get_array()) {
      if (&part == loc->get_array().data()) continue;  // "body", "query" or "path"
      if (!fault.field.empty()) fault.field += '.';
      fault.field += part.is_string() ? std::string(part.get_string()) : json::serialize(part);
    }
  }
  return fault;
}

size_t keep_body(char* data, size_t, size_t size, void* into) {
  auto& body = *static_cast<std::string*>(into);
  if (body.size() + size > kMaxReplyBytes) return 0;
  body.append(data, size);
  return size;
}

size_t keep_header(char* data, size_t, size_t size, void* into) {
  auto& headers = *static_cast<std::map<std::string, std::string>*>(into);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) headers.clear();  // a "100 Continue" came before
  const auto colon = line.find(':');
  if (colon != std::string_view::npos) {
    const auto begin = line.find_first_not_of(" \t", colon + 1);
    const auto end = line.find_last_not_of("\r\n ");
    if (begin != std::string_view::npos && end >= begin) {
      headers[to_lower(line.substr(0, colon))] = line.substr(begin, end - begin + 1);
    }
  }
  return size;
}

Result<std::string> read_token(const Session& session) {
  if (session.token_file.empty()) return session.token;
  std::ifstream file(session.token_file);
  std::string token;
  if (!(file >> token)) return fail(Code::io_error, "no token can be read from {}", session.token_file);
  return token;
}

std::string host_of(std::string_view url) {
  auto host = url.substr(url.find("://") + 3);
  host = host.substr(0, host.find('/'));
  if (host.starts_with('[')) return std::string(host.substr(1, host.find(']') - 1));
  return std::string(host.substr(0, host.find(':')));
}

struct StreamState {
  CURL* handle = nullptr;
  const std::function<bool(std::string_view)>* take = nullptr;
  std::string refusal;  ///< body of an answer that is not 2xx
  bool stopped = false;
};

size_t stream_body(char* data, size_t, size_t size, void* into) {
  auto& state = *static_cast<StreamState*>(into);
  long status = 0;
  curl_easy_getinfo(state.handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return keep_body(data, 1, size, &state.refusal);
  if ((*state.take)(std::string_view(data, size))) return size;
  state.stopped = true;
  return 0;
}

}  // namespace

struct Client::Impl {
  std::string server;
  std::string token;
  Handle handle{curl_easy_init(), &curl_easy_cleanup};

  // Everything but where the answer goes; the list must outlive the transfer.
  List prepare(const Request& request) {
    CURL* curl = handle.get();
    curl_easy_reset(curl);  // keeps the connection
    curl_easy_setopt(curl, CURLOPT_URL, (server + request.path).c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMs);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
    curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "schedules-cli");
    if (is_loopback(host_of(server))) curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_slist* list = nullptr;
    const auto add = [&](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
    add("Accept: application/json, text/event-stream");
    add("Expect:");  // no round trip before the body
    if (!token.empty()) add("Authorization: Bearer " + token);
    if (!request.body.empty()) {
      add("Content-Type: " + request.content_type);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    } else if (request.method != "GET") {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, 0L);
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
    for (const auto& [name, value] : request.headers) add(fmt::format("{}: {}", name, value));
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    return {list, &curl_slist_free_all};
  }

  Error failure(CURLcode code) const {
    if (code == CURLE_OPERATION_TIMEDOUT) {
      return {.code = Code::timeout, .detail = fmt::format("{} did not answer in time", server)};
    }
    return {.code = Code::unavailable,
            .detail = fmt::format("cannot reach {}: {}; is it running (schedules serve), is --server right?", server,
                                  curl_easy_strerror(code))};
  }
};

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;
const std::string& Client::server() const { return impl_->server; }

Result<Client> Client::open(const Session& session) {
  auto impl = std::make_unique<Impl>();
  impl->server = session.server;
  while (impl->server.ends_with('/')) impl->server.pop_back();
  const auto lower = to_lower(impl->server);
  if (!lower.starts_with("http://") && !lower.starts_with("https://")) {
    return fail_field(Code::invalid_argument, "--server", "\"{}\" does not begin with http:// or https://",
                      session.server);
  }
  auto token = read_token(session);
  if (!token) return fail(std::move(token.error()));
  if (!is_printable(*token)) return fail(Code::invalid_argument, "the token is not printable text");
  impl->token = std::move(*token);
  return Client(std::move(impl));
}

Result<Reply> Client::exchange(const Request& request) {
  const auto list = impl_->prepare(request);
  CURL* curl = impl_->handle.get();
  Reply reply;
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.headers);
  const auto code = curl_easy_perform(curl);
  if (code != CURLE_OK) return fail(impl_->failure(code));
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  reply.status = static_cast<int>(status);
  return reply;
}

Result<Reply> Client::send(const Request& request) {
  auto reply = exchange(request);
  if (reply && (reply->status < 200 || reply->status > 299)) return fail(error_of(*reply));
  return reply;
}

Status Client::stream(const Request& request, const std::function<bool(std::string_view)>& take) {
  const auto list = impl_->prepare(request);
  CURL* curl = impl_->handle.get();
  StreamState state{.handle = curl, .take = &take};
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, stream_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &state);
  const auto code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  if (state.stopped) return {};
  if (code != CURLE_OK) return fail(impl_->failure(code));
  if (status != 200) return fail(error_of({.status = static_cast<int>(status), .body = state.refusal, .headers = {}}));
  return {};
}

Error error_of(const Reply& reply) {
  Error error{.code = code_of_status(reply.status), .detail = fmt::format("HTTP {}", reply.status)};
  if (const auto after = reply.headers.find("retry-after"); after != reply.headers.end()) {
    int64_t seconds = 0;
    std::from_chars(after->second.data(), after->second.data() + after->second.size(), seconds);
    error.retry_after = std::chrono::seconds(std::clamp<int64_t>(seconds, 0, 3600));
  }
  boost::system::error_code bad;
  const auto parsed = json::parse(reply.body, bad);
  if (bad || !parsed.is_object()) return error;
  const auto& body = parsed.get_object();
  if (const auto code = parse_code(text_of(body, "code"))) error.code = *code;
  if (const auto detail = text_of(body, "detail"); !detail.empty()) error.detail = detail;
  const auto* faults = body.if_contains("errors");
  if (faults == nullptr || !faults->is_array()) faults = body.if_contains("detail");
  if (faults == nullptr || !faults->is_array() || faults->get_array().empty()) return error;
  // The faults say more than the sentence over them.
  std::vector<Error> all;
  for (const auto& item : faults->get_array()) {
    if (item.is_object()) all.push_back(fault_of(item.get_object(), error.code));
  }
  if (all.empty()) return error;
  all.front().retry_after = error.retry_after;
  Error first = std::move(all.front());
  first.more.assign(std::make_move_iterator(all.begin() + 1), std::make_move_iterator(all.end()));
  return first;
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                       c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", byte);
    }
  }
  return out;
}

std::string query_text(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += out.empty() ? '?' : '&';
    out += escaped(name) + '=' + escaped(value);
  }
  return out;
}

void pause_for(std::chrono::milliseconds time) { poll(nullptr, 0, static_cast<int>(time.count())); }

}  // namespace schedules::cli
