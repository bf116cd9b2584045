#include "cli/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>
#include <boost/json.hpp>

#include "cli/session.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

[[noreturn]] void stop_writing() {
  // Nobody reads on: that is how `| head` ends a command, no failure of ours.
  if (errno == EPIPE) std::_Exit(kDone);
  complain(fmt::format("schedules: cannot write: {}", std::strerror(errno)));
  std::_Exit(kFailed);
}

size_t width_of(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

const json::value* member(const json::object& object, std::string_view path) {
  const auto dot = path.find('.');
  const auto* value = object.if_contains(path.substr(0, dot));
  if (value == nullptr || dot == std::string_view::npos) return value;
  return value->is_object() ? member(value->get_object(), path.substr(dot + 1)) : nullptr;
}

}  // namespace

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) stop_writing();
}

void flush_output() {
  if (std::fflush(stdout) != 0) stop_writing();
}

void complain(std::string_view text) {
  const auto line = printable(text) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

bool is_terminal() { return isatty(STDERR_FILENO) == 1; }

void print_json(const json::value& value) { print_line(json::serialize(value)); }

std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20U || byte == 0x7FU) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

std::string cell(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return printable(value.get_string());
  if (!value.is_array()) return json::serialize(value);
  std::string out;
  for (const auto& item : value.get_array()) {
    if (!out.empty()) out += ',';
    out += cell(item);
  }
  return out;
}

void print_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  for (const auto& row : rows) {
    std::string line;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - width_of(row[i]) + 2, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    print_line(line);
  }
}

void print_rows(std::span<const Column> columns, const json::array& rows) {
  if (rows.empty()) return complain("nothing found");
  std::vector<std::vector<std::string>> table(1);
  for (const auto& column : columns) table[0].push_back(column.title);
  for (const auto& row : rows) {
    auto& line = table.emplace_back();
    for (const auto& column : columns) {
      const auto* value = row.is_object() ? member(row.get_object(), column.key) : nullptr;
      line.push_back(value == nullptr ? std::string() : cell(*value));
    }
  }
  print_table(table);
}

void print_object(const json::object& object) {
  std::vector<std::vector<std::string>> table;
  for (const auto& [key, value] : object) {
    auto text = cell(value);
    if (!text.empty() && text != "{}") table.push_back({printable(key), std::move(text)});
  }
  print_table(table);
}

std::string grouped(uint64_t number) {
  auto text = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

}  // namespace schedules::cli
