#include "sink/kafka/verdict.h"

#include "base/text.h"

namespace schedules {
namespace {

constexpr auto kFullRetry = std::chrono::seconds(1);

}  // namespace

DeliveryReport report_of(const Result<kafka::Position>& result) {
  DeliveryReport report;
  if (result) {
    report.position = fmt::format("{}:{}", result->partition, result->offset);
    return report;
  }
  report.error = truncate_utf8(result.error().detail, kMaxErrorBytes);
  switch (result.error().code) {
    case Code::not_found:
    case Code::invalid_argument:
    case Code::payload_too_large:
    case Code::bad_request:
    case Code::forbidden:
      report.verdict = Verdict::rejected;
      report.counts_against_target = false;
      return report;
    case Code::overloaded:
      report.retry_after = kFullRetry;
      [[fallthrough]];
    case Code::shutting_down:
      report.counts_against_target = false;
      break;
    default:
      break;
  }
  report.verdict = Verdict::retry;
  return report;
}

bool is_worth_a_try_alone(const Result<kafka::Position>& result) {
  if (result) return false;
  return result.error().code == Code::payload_too_large || result.error().code == Code::bad_request;
}

}  // namespace schedules
