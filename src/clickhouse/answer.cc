#include "clickhouse/answer.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace schedules::clickhouse {
namespace {

constexpr std::string_view kPrefix = "ClickHouse exception ";
constexpr std::string_view kException = ". DB::Exception: ";
constexpr size_t kMaxExceptionBytes = 32 * 1024;  // searched for at a body's end
constexpr size_t kMaxDetailBytes = 600;

constexpr int kDiskFull = 243;
// Not this query's fault: the same one may succeed later, here or on another replica.
constexpr std::array kAway{
    159,  // TIMEOUT_EXCEEDED
    164,  // READONLY
    192,  // UNKNOWN_USER
    193,  // WRONG_PASSWORD
    194,  // REQUIRED_PASSWORD
    202,  // TOO_MANY_SIMULTANEOUS_QUERIES
    203,  // NO_FREE_CONNECTION
    209,  // SOCKET_TIMEOUT
    210,  // NETWORK_ERROR
    225,  // NO_ZOOKEEPER
    236,  // ABORTED
    241,  // MEMORY_LIMIT_EXCEEDED
    242,  // TABLE_IS_READ_ONLY
    252,  // TOO_MANY_PARTS
    285,  // TOO_FEW_LIVE_REPLICAS
    286,  // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
    289,  // REPLICA_IS_NOT_IN_QUORUM
    319,  // UNKNOWN_STATUS_OF_INSERT
    394,  // QUERY_WAS_CANCELLED
    425,  // SYSTEM_ERROR
    473,  // DEADLOCK_AVOIDED
    497,  // ACCESS_DENIED
    516,  // AUTHENTICATION_FAILED
    999,  // KEEPER_EXCEPTION
};

int number_at(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

uint64_t figure(std::string_view json, std::string_view name) {
  const auto at = json.find(fmt::format("\"{}\":\"", name));
  if (at == std::string_view::npos) return 0;
  const auto text = json.substr(at + name.size() + 4);
  uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool is_exception(std::string_view text) {
  if (!text.starts_with("Code: ")) return false;
  const auto digits = std::min(text.find_first_not_of("0123456789", 6), text.size());
  return digits > 6 && text.substr(digits).starts_with(kException);
}

Code code_of(int exception, long status) {
  if (exception == kDiskFull) return Code::disk_full;
  if (std::ranges::find(kAway, exception) != kAway.end()) return Code::unavailable;
  const bool gateway = status == 429 || status == 502 || status == 503 || status == 504;
  if (gateway || exception == 0) return Code::unavailable;
  return Code::io_error;
}

tl::unexpected<Error> failed(int exception, long status, std::string_view text) {
  if (is_exception(text)) text.remove_prefix(text.find(kException) + kException.size());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  const auto shown = truncate_utf8(std::string(text), kMaxDetailBytes);
  const Code code = code_of(exception, status);
  if (exception == 0) return fail(code, "ClickHouse answered HTTP {}: {}", status, shown);
  return fail(code, "{}{}: {}", kPrefix, exception, shown);
}

}  // namespace

int exception_code(const Error& error) {
  if (!error.detail.starts_with(kPrefix)) return 0;
  return number_at(std::string_view(error.detail).substr(kPrefix.size()));
}

void HttpAnswer::header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // what came before was interim
    exception_code.clear();
    exception_tag.clear();
    summary.clear();
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const auto name = to_lower(line.substr(0, colon));
  line.remove_prefix(colon + 1);
  const auto begin = line.find_first_not_of(" \t");
  const auto end = line.find_last_not_of(" \t\r\n");
  const auto value = begin == std::string_view::npos ? std::string_view() : line.substr(begin, end - begin + 1);
  if (name == "x-clickhouse-exception-code") exception_code = value;
  if (name == "x-clickhouse-exception-tag") exception_tag = value;
  if (name == "x-clickhouse-summary") summary = value;
}

// Rows that we read end with a number, never with a line of text, so nobody's data can look like this.
std::string_view exception_at_end(const HttpAnswer& answer) {
  const std::string_view body = answer.body;
  if (!body.ends_with('\n')) return {};
  const auto tail = body.substr(body.size() - std::min(body.size(), kMaxExceptionBytes));
  if (!answer.exception_tag.empty()) {
    const auto marked = tail.find("__exception__\r\n" + answer.exception_tag);
    if (marked != std::string_view::npos) {
      const auto text = tail.substr(marked);
      const auto begin = text.find("Code: ");
      return begin == std::string_view::npos ? text : text.substr(begin);
    }
  }
  // The first, since an exception may quote another.
  for (auto at = tail.find("Code: "); at != std::string_view::npos; at = tail.find("Code: ", at + 1)) {
    if (is_exception(tail.substr(at))) return tail.substr(at);
  }
  return {};
}

Result<Answer> read_answer(HttpAnswer answer) {
  const int exception = number_at(answer.exception_code);
  if (answer.status != 200 || exception != 0) {
    const std::string_view body = answer.body;
    const int said = exception == 0 && is_exception(body) ? number_at(body.substr(6)) : exception;
    return failed(said, answer.status, body);
  }
  if (const auto text = exception_at_end(answer); !text.empty()) {
    return failed(is_exception(text) ? number_at(text.substr(6)) : 0, answer.status, text);
  }
  return Answer{.body = std::move(answer.body),
                .rows_read = figure(answer.summary, "read_rows"),
                .bytes_read = figure(answer.summary, "read_bytes"),
                .rows_written = figure(answer.summary, "written_rows")};
}

}  // namespace schedules::clickhouse
