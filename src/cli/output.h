// What commands print. Data goes to stdout, everything else to stderr. A reader that closes the pipe ends the program
// quietly; any other failure to write ends it with exit code 1. Control characters in data never reach a terminal.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace boost::json {
class array;
class object;
class value;
}  // namespace boost::json

namespace schedules::cli {

/// Writes text to stdout as it is.
void print(std::string_view text);
inline void print_line(std::string_view text) {
  print(text);
  print("\n");
}
/// Makes what was printed visible to the reader.
void flush_output();
/// One line on stderr.
void complain(std::string_view text);
/// Whether stderr is a terminal.
bool is_terminal();

/// JSON on one line.
void print_json(const boost::json::value& value);

struct Column {
  std::string title;
  std::string key;  ///< member of the row; "a.b" for a member of a member
};
/// Aligned columns under a head; "nothing found" on stderr where there are no rows.
void print_rows(std::span<const Column> columns, const boost::json::array& rows);
/// One member a line, "key  value", in their order; empty ones are left out.
void print_object(const boost::json::object& object);
void print_table(const std::vector<std::vector<std::string>>& rows_with_head);

/// A value as a cell: text as it is, null as nothing, lists joined by commas, objects as JSON.
std::string cell(const boost::json::value& value);
/// The text without control characters: each becomes \xNN.
std::string printable(std::string_view text);
/// 1234567 → "1,234,567".
std::string grouped(uint64_t number);

}  // namespace schedules::cli
