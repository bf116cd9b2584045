// What goes into Kafka and comes out of it. Plain values; bytes of any kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace schedules::kafka {

/// Names and values; a value may be null, and a name may be there more than once.
using RecordHeaders = std::vector<std::pair<std::string, std::optional<std::string>>>;

struct OutgoingRecord {
  std::string topic;
  std::optional<std::string> key;
  std::optional<std::string> value;
  RecordHeaders headers;
  std::optional<int32_t> partition;  ///< absent: as the key says
};

struct IncomingRecord {
  std::string topic;
  int32_t partition = 0;
  int64_t offset = 0;
  std::optional<int64_t> timestamp_ms;  ///< since the Unix epoch; absent from very old records
  std::optional<std::string> key;
  std::optional<std::string> value;
  RecordHeaders headers;

  /// Memory that it holds, roughly.
  [[nodiscard]] size_t bytes() const {
    size_t sum = sizeof(IncomingRecord) + (key ? key->size() : 0) + (value ? value->size() : 0);
    for (const auto& [name, text] : headers) sum += 2 * sizeof(std::string) + name.size() + (text ? text->size() : 0);
    return sum;
  }
};

/// Where a record lies.
struct Position {
  int32_t partition = -1;
  int64_t offset = -1;
};

}  // namespace schedules::kafka
