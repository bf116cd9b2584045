// Settings from flags, environment and file, in that precedence, over the defaults. All faults are found in one
// go: the error is the first one, the rest are in Error::more.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace schedules {

struct SettingInputs {
  /// The file that was asked for; it must exist. Absent: schedules_CONFIG, else ./schedules.toml if it is there.
  std::optional<std::string> config_file;
  /// NAME and value, as the process got them; what does not begin with schedules_ is left alone.
  std::vector<std::pair<std::string, std::string>> environment;
  /// NAME and value, and how the user spelt the flag.
  struct Flag {
    std::string name;
    std::string value;
    std::string spelling;  ///< "--set", "--listen"
  };
  std::vector<Flag> flags;
  /// Where ./schedules.toml is looked for; tests point it elsewhere.
  std::string directory = ".";
};

/// The environment of this process.
std::vector<std::pair<std::string, std::string>> process_environment();

/// Reads, checks each value and check_settings(). An empty variable counts as not set. Gives NODE_ID a value where
/// none is set. Errors: not_found (config file), and what set_setting and check_settings say.
Result<Settings> load_settings(const SettingInputs& inputs);

/// What a SIGHUP changes.
struct Reload {
  Settings settings;                           ///< the running ones with every live change applied
  std::vector<std::string_view> changed;       ///< names that took effect
  std::vector<std::string_view> need_restart;  ///< names that differ but are not live; the running value stays
};
Result<Reload> reload_settings(const Settings& running, const SettingInputs& inputs);

/// One line a fault: "schedules_LISTEN: "x" is not host:port … (from --listen)".
std::string describe_faults(const Error& error);

/// hostname-pid-random.
std::string default_node_id();

}  // namespace schedules
