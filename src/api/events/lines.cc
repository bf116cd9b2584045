#include "api/events/lines.h"

namespace schedules::api {

bool Lines::next(std::string_view& line) {
  while (!rest_.empty()) {
    line = rest_.substr(0, rest_.find('\n'));
    rest_.remove_prefix(line.size() + (line.size() < rest_.size() ? 1 : 0));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != line.npos) return true;
  }
  return false;
}

size_t count_lines(std::string_view text, size_t limit) {
  Lines lines(text);
  std::string_view line;
  size_t count = 0;
  while (count <= limit && lines.next(line)) ++count;
  return count;
}

}  // namespace schedules::api
