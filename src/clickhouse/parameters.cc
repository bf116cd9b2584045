#include "clickhouse/parameters.h"

#include <fmt/format.h>

namespace schedules::clickhouse {
namespace {

/// The server reads a value as one field of a tab-separated line.
std::string escaped(std::string_view value) {
  std::string out;
  out.reserve(value.size());
  for (const char c : value) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\0':
        out += "\\0";
        break;
      default:
        out += c;
    }
  }
  return out;
}

/// In a list the server reads quoted texts, and no field around them.
std::string quoted(std::string_view value) {
  std::string out = "'";
  for (const char c : value) {
    if (c == '\\' || c == '\'') out += '\\';
    if (c == '\0') {
      out += "\\0";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

Parameters& Parameters::text(std::string name, std::string_view value) {
  all_.emplace_back(std::move(name), escaped(value));
  return *this;
}

Parameters& Parameters::number(std::string name, int64_t value) {
  all_.emplace_back(std::move(name), std::to_string(value));
  return *this;
}

Parameters& Parameters::unsigned_number(std::string name, uint64_t value) {
  all_.emplace_back(std::move(name), std::to_string(value));
  return *this;
}

// As a Unix time with its fraction, which needs no calendar and no time zone.
Parameters& Parameters::time(std::string name, TimePoint value) {
  const int64_t micros = to_micros(value);
  const uint64_t size = micros < 0 ? ~static_cast<uint64_t>(micros) + 1 : static_cast<uint64_t>(micros);
  all_.emplace_back(std::move(name),
                    fmt::format("{}{}.{:06}", micros < 0 ? "-" : "", size / 1'000'000, size % 1'000'000));
  return *this;
}

Parameters& Parameters::id(std::string name, const EventId& value) {
  all_.emplace_back(std::move(name), value.text());
  return *this;
}

Parameters& Parameters::texts(std::string name, const std::vector<std::string>& values) {
  std::string list = "[";
  for (const auto& value : values) {
    if (list.size() > 1) list += ',';
    list += quoted(value);
  }
  all_.emplace_back(std::move(name), list + "]");
  return *this;
}

}  // namespace schedules::clickhouse
