// Text that crosses a border: UTF-8 checks, JSON strings, nearest names for "did you mean".
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace schedules {

bool is_valid_utf8(std::string_view text);
/// No control characters (below 0x20, or 0x7F).
bool is_printable(std::string_view text);
/// Appends the text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);
/// The candidate that differs in the fewest letters, or "" when none is near (more than a third differs).
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);
std::string to_lower(std::string_view text);
/// At most `limit` bytes, cut at a character's border.
std::string truncate_utf8(std::string_view text, size_t limit);

}  // namespace schedules
