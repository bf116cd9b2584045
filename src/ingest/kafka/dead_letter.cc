#include "ingest/kafka/dead_letter.h"

#include <fmt/format.h>

#include "base/text.h"

namespace schedules {
namespace {

constexpr size_t kMaxDetailBytes = 1'024;
constexpr std::string_view kOurs = "dead_letter_";

}  // namespace

kafka::OutgoingRecord dead_letter(const kafka::IncomingRecord& record, const Error& why, const std::string& topic,
                                  bool with_value) {
  kafka::OutgoingRecord letter{.topic = topic};
  if (with_value) {
    letter.key = record.key;
    letter.value = record.value;
    for (const auto& header : record.headers) {
      if (!header.first.starts_with(kOurs)) letter.headers.push_back(header);  // from an earlier death
    }
  }
  auto detail = why.field.empty() ? why.detail : fmt::format("{}: {}", why.field, why.detail);
  letter.headers.emplace_back("dead_letter_reason", std::string(to_string(why.code)));
  letter.headers.emplace_back("dead_letter_detail", truncate_utf8(std::move(detail), kMaxDetailBytes));
  letter.headers.emplace_back("dead_letter_source",
                              fmt::format("{}/{}/{}", record.topic, record.partition, record.offset));
  if (!with_value) letter.headers.emplace_back("dead_letter_omitted", "value");
  return letter;
}

}  // namespace schedules
