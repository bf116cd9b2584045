#include "clickhouse/row_binary.h"

#include <algorithm>

namespace schedules::clickhouse {

// A UUID is sent as two little-endian halves, the high one first.
void RowWriter::id(const EventId& value) {
  out_.append(value.bytes.rbegin() + 8, value.bytes.rend());
  out_.append(value.bytes.rbegin(), value.bytes.rbegin() + 8);
}

EventId RowReader::id() {
  EventId value;
  const auto bytes = in_.raw(value.bytes.size());
  if (bytes.size() != value.bytes.size()) return value;
  std::reverse_copy(bytes.begin(), bytes.begin() + 8, value.bytes.begin());
  std::reverse_copy(bytes.begin() + 8, bytes.end(), value.bytes.begin() + 8);
  return value;
}

void RowWriter::texts(const std::vector<std::string>& values) {
  size(values.size());
  for (const auto& value : values) text(value);
}

std::vector<std::string> RowReader::texts() {
  std::vector<std::string> values;
  const uint64_t count = size();
  for (uint64_t i = 0; i < count && ok(); ++i) values.emplace_back(text());
  return values;
}

}  // namespace schedules::clickhouse
