// Newline-delimited JSON: one item a line, LF or CRLF, blank lines skipped, the last line needs no newline.
#pragma once

#include <string_view>

namespace schedules::api {

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  /// The next line that is not blank, without its end; false at the end of the text.
  bool next(std::string_view& line);

 private:
  std::string_view rest_;
};

/// How many lines are not blank, counted up to `limit` + 1.
size_t count_lines(std::string_view text, size_t limit);

}  // namespace schedules::api
