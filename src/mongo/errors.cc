#include "mongo/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace schedules::mongo {
namespace {

constexpr size_t kLongestMessage = 512;

// Another server may take the call, or the same one later; or it does not let us in, which an operator mends there.
constexpr std::array<int64_t, 22> kAway{6,   7,   11,  13,  18,   24,    50,    64,    89,    91,    112,
                                        133, 189, 202, 262, 9001, 10058, 10107, 11600, 11602, 13435, 13436};
constexpr std::array<int64_t, 3> kDuplicates{11'000, 11'001, 12'582};
constexpr std::array<int64_t, 4> kTooLarge{10'334, 17'419, 17'420, 2};

bool is_one_of(int64_t code, const auto& codes) { return std::ranges::find(codes, code) != codes.end(); }

Code code_of(ErrorSource source, int64_t code, std::string_view message) {
  if (source == ErrorSource::selection) return Code::unavailable;
  if (is_one_of(code, kDuplicates)) return Code::already_exists;
  if (source == ErrorSource::driver || is_one_of(code, kAway)) return Code::unavailable;
  if (code == 14'031) return Code::disk_full;
  const bool says_large = code != 2 || message.find("too large") != message.npos;
  if (is_one_of(code, kTooLarge) && says_large) return Code::payload_too_large;
  return Code::io_error;
}

}  // namespace

Error error_of(ErrorSource source, int64_t code, std::string_view message) {
  Error error{.code = code_of(source, code, message)};
  const auto text = truncate_utf8(message, kLongestMessage);
  error.detail = source == ErrorSource::server ? fmt::format("MongoDB: {} (code {})", text, code)
                                               : fmt::format("MongoDB: {}", text);
  if (error.code == Code::unavailable) error.retry_after = std::chrono::seconds(1);
  return error;
}

int64_t server_code(const Error& error) {
  constexpr std::string_view kBefore = " (code ";
  const auto at = error.detail.rfind(kBefore);
  if (at == std::string::npos) return 0;
  int64_t code = 0;
  const char* end = error.detail.data() + error.detail.size();
  const auto [stop, fault] = std::from_chars(error.detail.data() + at + kBefore.size(), end, code);
  return fault == std::errc{} && stop != end && *stop == ')' ? code : 0;
}

bool is_duplicate_of(const Error& error, std::string_view index) {
  if (error.code != Code::already_exists) return false;
  return error.detail.find(fmt::format("index: {} ", index)) != std::string::npos ||
         error.detail.find(fmt::format("index: {}\"", index)) != std::string::npos;
}

}  // namespace schedules::mongo
