// schedules.toml as a flat list of entries. Settings stand at top level or under [schedules]:
//
//   [schedules]
//   LISTEN = "127.0.0.1:8480"
//   MAX_RETRIES = 5
//   WEBHOOK_ALLOW = ["10.0.0.0/8"]
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace schedules::config {

struct TomlEntry {
  enum class Form { text, integer, number, boolean, list };
  std::string key;
  std::string text;  ///< a list as a JSON array of strings
  Form form = Form::text;
  unsigned line = 0;
};

struct TomlFile {
  std::vector<TomlEntry> entries;
  std::vector<Error> faults;  ///< tables and values that no setting can have
};

/// `name` is what faults call the file. Errors: invalid_argument, where it is not TOML at all.
Result<TomlFile> parse_toml(std::string_view text, const std::string& name);
/// Errors: not_found, io_error, invalid_argument.
Result<TomlFile> read_toml(const std::string& path);

}  // namespace schedules::config
