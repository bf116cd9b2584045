#include "clickhouse/request.h"

#include <curl/curl.h>
#include <zstd.h>

#include <algorithm>

#include "base/check.h"
#include "base/ids.h"

namespace schedules::clickhouse {
namespace {

constexpr size_t kWorthCompressing = 1024;
constexpr int kLevel = 1;

bool compresses(const Url& url, const Options& options) {
  if (options.compression == Compression::automatic) return !url.is_loopback();
  return options.compression == Compression::always;
}

void append_encoded(std::string& out, std::string_view text) {
  constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
}

void append_word(std::string& address, std::string_view name, std::string_view value) {
  address += address.back() == '?' ? "" : "&";
  append_encoded(address, name);
  address += '=';
  append_encoded(address, value);
}

std::string boundary_for(const std::vector<Table>& tables) {
  auto boundary = fmt::format("schedules{:016x}", stable_hash(tables.front().rows));
  const auto occurs = [&](const Table& table) { return table.rows.find(boundary) != std::string::npos; };
  while (std::ranges::any_of(tables, occurs)) boundary = fmt::format("schedules{:016x}", stable_hash(boundary));
  return boundary;
}

std::string multipart(const std::vector<Table>& tables, const std::string& boundary) {
  std::string body;
  for (const auto& table : tables) {
    body += fmt::format(
        "--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\n"
        "Content-Type: application/octet-stream\r\n\r\n",
        boundary, table.name, table.name);
    body += table.rows;
    body += "\r\n";
  }
  body += fmt::format("--{}--\r\n", boundary);
  return body;
}

std::string squeezed(const std::string& body) {
  std::string out(ZSTD_compressBound(body.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), body.data(), body.size(), kLevel);
  CHECK(ZSTD_isError(size) == 0);
  out.resize(size);
  return out;
}

size_t on_body(const char* data, size_t /*one*/, size_t size, void* self) {
  static_cast<Call*>(self)->answer.body.append(data, size);
  return size;
}

size_t on_header(const char* data, size_t /*one*/, size_t size, void* self) {
  static_cast<Call*>(self)->answer.header(std::string_view(data, size));
  return size;
}

template <class Value>
void set(CURL* easy, CURLoption option, Value value) {
  CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
}

}  // namespace

Call::~Call() { curl_slist_free_all(headers); }

std::unique_ptr<Call> make_call(Query query, Done<Answer> done, const Url& url, const Options& options) {
  auto call = std::make_unique<Call>();
  call->done = std::move(done);
  call->timeout = query.timeout.count() > 0 ? query.timeout : options.timeout;
  auto& address = call->address;
  address = url.origin() + "/?";
  append_word(address, "default_format", "RowBinary");
  // An exception then comes with its status, never in the middle of rows.
  append_word(address, "wait_end_of_query", "1");
  if (query.in_database) append_word(address, "database", url.database);
  const bool compress = compresses(url, options);
  if (compress) append_word(address, "enable_http_compression", "1");
  for (const auto& [name, value] : url.settings) append_word(address, name, value);
  for (const auto& [name, value] : query.settings) append_word(address, name, value);
  for (const auto& [name, value] : query.parameters.all()) append_word(address, "param_" + name, value);
  const auto header = [&](const std::string& line) {
    call->headers = curl_slist_append(call->headers, line.c_str());
    CHECK(call->headers != nullptr);
  };
  header("Expect:");  // no waiting for a 100 before large bodies
  header("X-ClickHouse-User: " + url.user);
  if (!url.password.empty()) header("X-ClickHouse-Key: " + url.password);
  if (!query.tables.empty()) {
    for (const auto& table : query.tables) {
      append_word(address, table.name + "_format", "RowBinary");
      append_word(address, table.name + "_structure", table.structure);
    }
    const auto boundary = boundary_for(query.tables);
    header("Content-Type: multipart/form-data; boundary=" + boundary);
    call->body = multipart(query.tables, boundary);
  } else {
    header("Content-Type: application/octet-stream");
    call->body = std::move(query.body);
  }
  if (query.tables.empty() && call->body.empty()) {
    call->body = std::move(query.sql);
  } else {
    append_word(address, "query", query.sql);
  }
  // A form is left as it is: that its parts are unpacked is nowhere promised.
  if (compress && query.tables.empty() && call->body.size() >= kWorthCompressing) {
    call->body = squeezed(call->body);
    header("Content-Encoding: zstd");
  }
  return call;
}

void* new_handle(const Url& url, const Options& options) {
  CURL* easy = curl_easy_init();
  CHECK(easy != nullptr);
  set(easy, CURLOPT_NOSIGNAL, 1L);
  set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  set(easy, CURLOPT_FOLLOWLOCATION, 0L);
  set(easy, CURLOPT_PROXY, "");  // also switches the proxy variables of the environment off
  set(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(easy, CURLOPT_POST, 1L);
  set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
  set(easy, CURLOPT_BUFFERSIZE, 512L * 1024);
  set(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
  set(easy, CURLOPT_USERAGENT, options.user_agent.c_str());
  set(easy, CURLOPT_WRITEFUNCTION, &on_body);
  set(easy, CURLOPT_HEADERFUNCTION, &on_header);
  if (compresses(url, options)) set(easy, CURLOPT_ACCEPT_ENCODING, "zstd, gzip");
  if (!options.ca_file.empty()) set(easy, CURLOPT_CAINFO, options.ca_file.c_str());
  return easy;
}

void free_handle(void* easy) { curl_easy_cleanup(easy); }

void prepare(void* easy, Call& call, const Options& options) {
  const long timeout = std::max<long>(call.timeout.count(), 1);
  set(easy, CURLOPT_URL, call.address.c_str());
  set(easy, CURLOPT_HTTPHEADER, call.headers);
  set(easy, CURLOPT_POSTFIELDS, call.body.data());
  set(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  set(easy, CURLOPT_TIMEOUT_MS, timeout);
  set(easy, CURLOPT_CONNECTTIMEOUT_MS, std::min<long>(options.connect_timeout.count(), timeout));
  set(easy, CURLOPT_WRITEDATA, &call);
  set(easy, CURLOPT_HEADERDATA, &call);
}

Result<Answer> read_result(void* easy, int curl_code, Call& call, const Url& url) {
  const auto code = static_cast<CURLcode>(curl_code);
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return fail(Code::unavailable, "ClickHouse at {} gave no answer within {} ms", url.origin(), call.timeout.count());
  }
  if (code != CURLE_OK) {
    return fail(Code::unavailable, "ClickHouse at {}: {}", url.origin(), curl_easy_strerror(code));
  }
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &call.answer.status);
  return read_answer(std::move(call.answer));
}

}  // namespace schedules::clickhouse
