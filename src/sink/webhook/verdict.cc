#include "sink/webhook/verdict.h"

#include <curl/curl.h>

#include <algorithm>

#include "base/text.h"

namespace schedules {
namespace {

Verdict verdict_of(long status) {
  if (status >= 200 && status <= 299) return Verdict::delivered;
  const bool passing = status == 408 || status == 409 || status == 425 || status == 429 || status >= 500;
  return passing ? Verdict::retry : Verdict::rejected;
}

}  // namespace

DeliveryReport report_of(const WebhookAnswer& answer, TimePoint now) {
  DeliveryReport report;
  report.verdict = verdict_of(answer.status);
  report.position = fmt::format("HTTP {}", answer.status);
  if (report.verdict == Verdict::delivered) return report;
  report.error = report.position;
  if (answer.status >= 300 && answer.status <= 399) report.error += ", redirects are not followed";
  if (const auto excerpt = readable_excerpt(answer.excerpt); !excerpt.empty()) report.error += ": " + excerpt;
  report.counts_against_target = report.verdict == Verdict::retry;
  if (report.verdict == Verdict::retry && !answer.retry_after.empty()) {
    report.retry_after = parse_retry_after(answer.retry_after, now);
  }
  return report;
}

std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view text, TimePoint now) {
  using std::chrono::milliseconds;
  constexpr milliseconds kCap = kLongestRetryAfter;
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return std::nullopt;
  text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
  if (text.find_first_not_of("0123456789") == std::string_view::npos) {
    if (text.size() > 9) return kCap;
    return std::min(kCap, milliseconds(std::chrono::seconds(std::stol(std::string(text)))));
  }
  // A date starts with its weekday; curl_getdate alone would also read "5 minutes" as some time.
  const bool weekday = text.size() > 3 && (text.find(',') != std::string_view::npos || text[3] == ' ');
  if (!weekday || text.size() > 64) return std::nullopt;
  const time_t at = curl_getdate(std::string(text).c_str(), nullptr);
  if (at < 0) return std::nullopt;
  const auto wait = TimePoint(std::chrono::seconds(at)) - now;
  return std::clamp(std::chrono::ceil<milliseconds>(wait), milliseconds(0), kCap);
}

std::string readable_excerpt(std::string_view body) {
  auto text = truncate_utf8(std::string(body), kMaxExcerptBytes);
  const bool is_text = is_valid_utf8(text);
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7FU) c = ' ';
    if (byte >= 0x80U && !is_text) c = '?';
  }
  const auto last = text.find_last_not_of(' ');
  text.resize(last == std::string::npos ? 0 : last + 1);
  return text;
}

}  // namespace schedules
