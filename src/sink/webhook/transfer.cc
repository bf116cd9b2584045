#include "sink/webhook/transfer.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "base/text.h"

namespace schedules {
namespace {

constexpr size_t kMaxAnswerBytes = 64 * 1024;  ///< of a body, and of all headers

size_t on_body(const char* data, size_t /*one*/, size_t size, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  auto& excerpt = transfer->answer.excerpt;
  // A few bytes more than are shown, so that a character at the border is seen whole.
  const size_t wanted = kMaxExcerptBytes + 4;
  if (excerpt.size() < wanted) excerpt.append(data, std::min(size, wanted - excerpt.size()));
  transfer->body_bytes += size;
  if (transfer->body_bytes <= kMaxAnswerBytes) return size;
  transfer->body_cut = true;
  return 0;
}

size_t on_header(const char* data, size_t /*one*/, size_t size, void* self) {
  auto* transfer = static_cast<Transfer*>(self);
  transfer->header_bytes += size;
  if (transfer->header_bytes > kMaxAnswerBytes) return 0;
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) transfer->answer.retry_after.clear();  // what came before was interim
  constexpr std::string_view kName = "retry-after:";
  if (size <= kName.size() || to_lower(line.substr(0, kName.size())) != kName) return size;
  const auto value = line.substr(kName.size());
  transfer->answer.retry_after = value.substr(0, value.find_last_not_of("\r\n") + 1);
  return size;
}

Address address_of(const curl_sockaddr& at) {
  Address out;
  if (at.family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &at.addr, std::min<size_t>(at.addrlen, sizeof(v6)));
    std::memcpy(out.bytes.data(), &v6.sin6_addr, 16);
    out.is_v6 = true;
  } else if (at.family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &at.addr, std::min<size_t>(at.addrlen, sizeof(v4)));
    std::memcpy(out.bytes.data(), &v4.sin_addr, 4);
  }
  return out;  // any other family: the unspecified address, which is forbidden
}

/// The last fence: sees the very address that is about to be connected to, however it was found.
curl_socket_t on_open_socket(void* self, curlsocktype /*purpose*/, curl_sockaddr* at) {
  auto* transfer = static_cast<Transfer*>(self);
  if (!transfer->egress->check(address_of(*at))) {
    transfer->forbidden = true;
    return CURL_SOCKET_BAD;
  }
  return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

}  // namespace

DeliveryReport retry_report(std::string error) { return {.verdict = Verdict::retry, .error = std::move(error)}; }

DeliveryReport own_fault(Verdict verdict, std::string error) {
  return {.verdict = verdict, .error = std::move(error), .counts_against_target = false};
}

Transfer::~Transfer() {
  curl_slist_free_all(headers);
  curl_slist_free_all(pinned);
}

void* new_handle(const WebhookOptions& options) {
  CURL* easy = curl_easy_init();
  CHECK(easy != nullptr);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");  // also switches the proxy variables of the environment off
  set(easy, CURLOPT_NOPROXY, "*");
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(easy, CURLOPT_DNS_CACHE_TIMEOUT, 60L);  // of what is pinned below: renewed by every request
  set(easy, CURLOPT_MAXLIFETIME_CONN, 300L);  // so that a target which moved is noticed
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  set(easy, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  if (!options.ca_file.empty()) set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  return easy;
}

void free_handle(void* easy) { curl_easy_cleanup(easy); }

void prepare(void* easy, Transfer& transfer, const Addresses& addresses, const WebhookOptions& options,
             const Clock& clock) {
  for (const auto& line : transfer.request.headers) {
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  if (!options.secret.empty()) {
    const auto line =
        "X-Schedules-Signature: " + webhook_signature(options.secret, clock.wall(), transfer.request.body);
    transfer.headers = curl_slist_append(transfer.headers, line.c_str());
  }
  transfer.headers = curl_slist_append(transfer.headers, "Accept: */*");
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");  // no waiting for a 100 before large bodies
  if (!transfer.url.address) {
    // The checked addresses, and no others: libcurl does not look the name up itself.
    auto line = fmt::format("+{}:{}:", transfer.url.host, transfer.url.port);
    for (const auto& address : addresses) {
      line += fmt::format(fmt::runtime(address.is_v6 ? "[{}]," : "{},"), address.text());
    }
    line.pop_back();
    transfer.pinned = curl_slist_append(nullptr, line.c_str());
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer.deadline - clock.steady());
  const long timeout = std::max<long>(left.count(), 1);
  transfer.egress = &options.egress;
  set(easy, CURLOPT_URL, transfer.url.text.c_str());
  set(easy, CURLOPT_HTTPHEADER, transfer.headers);
  set(easy, CURLOPT_RESOLVE, transfer.pinned);
  set(easy, CURLOPT_POSTFIELDS, transfer.request.body.data());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(transfer.request.body.size()));
  set(easy, CURLOPT_TIMEOUT_MS, timeout);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(options.connect_timeout.count(), timeout));
  set(easy, CURLOPT_WRITEDATA, &transfer);
  set(easy, CURLOPT_HEADERDATA, &transfer);
  set(easy, CURLOPT_OPENSOCKETDATA, &transfer);
}

DeliveryReport read_result(void* easy, int curl_code, Transfer& transfer, const WebhookOptions& options,
                           TimePoint now) {
  const auto code = static_cast<CURLcode>(curl_code);
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &transfer.answer.status);
  if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && transfer.body_cut)) {
    return report_of(transfer.answer, now);
  }
  if (transfer.forbidden) {
    return own_fault(Verdict::rejected, fmt::format("{}: the address may not be reached", transfer.url.host));
  }
  if (transfer.header_bytes > kMaxAnswerBytes) return retry_report("the answer's headers are too large");
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return retry_report(fmt::format("no whole answer within {} ms", options.timeout.count()));
  }
  return retry_report(fmt::format("{}: {}", transfer.url.origin, curl_easy_strerror(code)));
}

}  // namespace schedules
