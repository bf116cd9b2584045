#include "store/mongo/field_reader.h"

#include <cmath>

#include "base/text.h"
#include "time/text.h"

namespace schedules {
namespace {

constexpr int64_t kMostMs = 7'258'118'400'000;  // the year 2200
constexpr double kMostSeconds = 3'155'760'000;  // 100 years
constexpr size_t kMostWords = 10'000;

}  // namespace

FieldReader::FieldReader(std::string_view document) {
  mongo::Reader reader(document);
  while (auto element = reader.next()) fields_.emplace(element->name, *element);
  if (!reader.ok()) add_fault("it is not sound BSON");
}

std::string FieldReader::shortened(std::string_view text) {
  std::string safe;
  for (const char c : truncate_utf8(text, 64))
    safe.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c);
  return is_valid_utf8(safe) ? safe : "not UTF-8";
}

const mongo::Element* FieldReader::find(std::string_view name) const {
  const auto found = fields_.find(name);
  return found == fields_.end() || found->second.is_null() ? nullptr : &found->second;
}

void FieldReader::require(std::string_view name) {
  if (find(name) == nullptr) add_fault("{} is missing", name);
}

void FieldReader::wrong_type(std::string_view name, const mongo::Element& element, std::string_view wanted) {
  add_fault("{} is {}, not {}", name, mongo::to_string(element.type), wanted);
}

void FieldReader::text(std::string_view name, std::string& value) {
  const auto* element = find(name);
  if (element == nullptr) return;
  const auto read = element->text();
  if (!read) return wrong_type(name, *element, "a string");
  if (!is_valid_utf8(*read)) return add_fault("{} is not UTF-8", name);
  value = std::string(*read);
}

void FieldReader::text(std::string_view name, std::optional<std::string>& value) {
  if (find(name) == nullptr) return;
  std::string inner;
  text(name, inner);
  value = std::move(inner);
}

void FieldReader::boolean(std::string_view name, bool& value) {
  const auto* element = find(name);
  if (element == nullptr) return;
  const auto read = element->boolean();
  if (!read) return wrong_type(name, *element, "a boolean");
  value = *read;
}

void FieldReader::real(std::string_view name, double& value) {
  const auto* element = find(name);
  if (element == nullptr) return;
  const auto read = element->number();
  if (!read) return wrong_type(name, *element, "a finite number");
  value = *read;
}

std::optional<int64_t> FieldReader::integer(std::string_view name, int64_t least, int64_t most) {
  const auto* element = find(name);
  if (element == nullptr) return std::nullopt;
  const auto read = element->integer();
  if (!read) {
    wrong_type(name, *element, "a whole number");
    return std::nullopt;
  }
  if (*read < least || *read > most) {
    add_fault("{} is {}, out of range", name, *read);
    return std::nullopt;
  }
  return read;
}

void FieldReader::time(std::string_view name, std::optional<TimePoint>& value, std::optional<int64_t> exact_us) {
  const auto* element = find(name);
  if (element == nullptr) return;
  if (const auto written = element->text()) {
    const auto read = parse_time(*written);
    if (!read) return add_fault("{} is \"{}\", not a date", name, shortened(*written));
    value = *read;
    return;
  }
  const auto ms = element->date_ms();
  if (!ms) return wrong_type(name, *element, "a date");
  if (*ms < 0 || *ms > kMostMs) return add_fault("{} is not between 1970 and 2200", name);
  const bool same = exact_us && floor_ms(from_micros(*exact_us)) == *ms;
  value = from_micros(same ? *exact_us : *ms * 1000);
}

void FieldReader::seconds(std::string_view name, Duration& value) {
  const auto* element = find(name);
  if (element == nullptr) return;
  const auto read = element->number();
  if (!read) return wrong_type(name, *element, "a finite number");
  if (std::abs(*read) > kMostSeconds) return add_fault("{} is out of range", name);
  value = Duration{std::llround(*read * 1e6)};
}

void FieldReader::words(std::string_view name, std::vector<std::string>& values) {
  const auto* element = find(name);
  if (element == nullptr) return;
  const auto array = element->array();
  if (!array) return wrong_type(name, *element, "an array");
  values.clear();
  mongo::Reader reader(*array);
  while (auto inner = reader.next()) {
    const auto word = inner->text();
    if (!word || !is_valid_utf8(*word))
      return add_fault("{} has {} in it, not text alone", name, mongo::to_string(inner->type));
    if (values.size() == kMostWords) return add_fault("{} has more than {} entries", name, kMostWords);
    values.emplace_back(*word);
  }
  if (!reader.ok()) add_fault("{} is not sound BSON", name);
}

TimePoint queryable(TimePoint time) { return std::clamp(time, from_micros(0), from_micros(kMostMs * 1000)); }

}  // namespace schedules
