#include "trace/http_collector.h"

#include <curl/curl.h>

#include <atomic>
#include <boost/json.hpp>
#include <charconv>

#include "base/check.h"

namespace schedules::trace {
namespace {

constexpr std::string_view kPath = "/v1/traces";
constexpr size_t kMaxAnswer = 64 * 1024;
constexpr long kConnectTimeoutMs = 3'000;

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

size_t on_body(const char* data, size_t /*one*/, size_t size, void* body) {
  auto& out = *static_cast<std::string*>(body);
  if (out.size() + size <= kMaxAnswer) out.append(data, size);
  return size;
}

int on_progress(void* stopped, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<std::atomic<bool>*>(stopped)->load() ? 1 : 0;
}

/// {"partialSuccess":{"rejectedSpans":"3"}}; a body that is something else says nothing.
uint64_t rejected_in(const std::string& body) {
  boost::json::error_code broken;
  const auto answer = boost::json::parse(body, broken);
  if (broken) return 0;
  const auto* count = answer.is_object() ? answer.as_object().if_contains("partialSuccess") : nullptr;
  count = count != nullptr && count->is_object() ? count->as_object().if_contains("rejectedSpans") : nullptr;
  if (count == nullptr) return 0;
  if (const auto* number = count->if_int64()) return static_cast<uint64_t>(std::max<int64_t>(*number, 0));
  uint64_t value = 0;
  if (const auto* text = count->if_string()) std::from_chars(text->data(), text->data() + text->size(), value);
  return value;
}

class HttpCollector final : public Collector {
 public:
  HttpCollector(HttpCollectorOptions options, CURL* easy) : options_(std::move(options)), easy_(easy) {
    header("Content-Type: application/json");
    header("Expect:");  // no waiting for a 100 before large bodies
    std::string_view rest = options_.headers;
    while (!rest.empty()) {
      const auto one = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      const auto equals = one.find('=');
      if (equals == std::string_view::npos) continue;
      header(fmt::format("{}: {}", one.substr(0, equals), one.substr(equals + 1)));
    }
    set(easy_, CURLOPT_URL, traces_url(options_.endpoint).c_str());
    set(easy_, CURLOPT_NOSIGNAL, 1L);
    set(easy_, CURLOPT_PROTOCOLS_STR, "http,https");
    set(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    set(easy_, CURLOPT_PROXY, "");  // also switches the proxy variables of the environment off
    set(easy_, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
    set(easy_, CURLOPT_POST, 1L);
    set(easy_, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
    set(easy_, CURLOPT_CONNECTTIMEOUT_MS, std::min(kConnectTimeoutMs, static_cast<long>(options_.timeout.count())));
    set(easy_, CURLOPT_USERAGENT, options_.user_agent.c_str());
    set(easy_, CURLOPT_HTTPHEADER, headers_);
    set(easy_, CURLOPT_WRITEFUNCTION, &on_body);
    set(easy_, CURLOPT_WRITEDATA, &answer_);
    set(easy_, CURLOPT_NOPROGRESS, 0L);
    set(easy_, CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(easy_, CURLOPT_XFERINFODATA, &stopped_);
  }
  ~HttpCollector() override {
    curl_easy_cleanup(easy_);
    curl_slist_free_all(headers_);
  }

  Receipt post(const std::string& body) override {
    Receipt receipt;
    answer_.clear();
    set(easy_, CURLOPT_POSTFIELDS, body.data());
    set(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    if (const CURLcode code = curl_easy_perform(easy_); code != CURLE_OK) {
      receipt.error = curl_easy_strerror(code);
      return receipt;
    }
    long status = 0;
    curl_off_t seconds = 0;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &seconds);
    receipt.status = static_cast<int>(status);
    if (seconds > 0) receipt.retry_after = std::chrono::seconds(seconds);
    if (status / 100 == 2) receipt.rejected = rejected_in(answer_);
    return receipt;
  }

  void stop() override { stopped_ = true; }

 private:
  void header(const std::string& line) {
    headers_ = curl_slist_append(headers_, line.c_str());
    CHECK(headers_ != nullptr);
  }

  HttpCollectorOptions options_;
  CURL* easy_;
  curl_slist* headers_ = nullptr;
  std::string answer_;
  std::atomic<bool> stopped_{false};
};

}  // namespace

std::string traces_url(std::string_view endpoint) {
  while (endpoint.ends_with('/')) endpoint.remove_suffix(1);
  std::string url(endpoint);
  if (!endpoint.ends_with(kPath)) url += kPath;
  return url;
}

Result<std::unique_ptr<Collector>> open_http_collector(HttpCollectorOptions options) {
  // Once for the process; libcurl counts repeats, and is thread-safe about it since 7.84.
  static const CURLcode set_up = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* easy = set_up == CURLE_OK ? curl_easy_init() : nullptr;
  if (easy == nullptr) return fail(Code::internal, "libcurl does not start");
  return std::make_unique<HttpCollector>(std::move(options), easy);
}

}  // namespace schedules::trace
