// The settings: plain typed members made from settings.def, where each value came from, and the table itself.
// A value type: copy it freely, change it only before it is shared between threads.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "model/envelope.h"
#include "model/event.h"

namespace schedules {

inline constexpr std::string_view kSettingPrefix = "schedules_";  ///< of environment variables

enum class AuthMode : uint8_t { none, token, stufio };
enum class SecondsField : uint8_t { first, last };
enum class JwtAlgorithm : uint8_t { HS256, HS384, HS512, RS256, RS384, RS512, ES256, ES384, ES512 };

enum class JournalMode : uint8_t { automatic, off };
enum class KafkaSecurity : uint8_t { plaintext, ssl, sasl_plaintext, sasl_ssl };

enum class SettingKind : uint8_t {
  integer,
  number,
  boolean,
  text,
  secret,
  duration,
  list,
  networks,
  addresses,
  address,
  url,
  path,
  zone,
  choice
};

/// Ascending precedence: a later one wins.
enum class Source : uint8_t { fallback, file, environment, flag, panel };

struct Origin {
  Source source = Source::fallback;
  std::string where;  ///< "schedules.toml:12", the variable or the flag; empty for fallback and panel
};

/// One row of the table.
struct SettingInfo {
  size_t index = 0;
  std::string_view name;  ///< CHECK_INTERVAL_SECONDS
  SettingKind kind = SettingKind::text;
  std::string_view fallback;  ///< the default, as text
  double min = 0;             ///< of a number its bounds; of a text or list its length
  double max = 0;
  std::string_view unit;     ///< s, d, MiB or empty
  std::string_view choices;  ///< "text|json", of a choice
  std::string_view group;
  bool live = false;  ///< SIGHUP applies a change
  std::string_view label;
  std::string_view meaning;
};

namespace setting_value {
using integer = int64_t;
using number = double;
using boolean = bool;
using text = std::string;
using secret = std::string;
using duration = int64_t;  ///< whole units of SettingInfo::unit
using list = std::vector<std::string>;
using networks = std::vector<std::string>;
using addresses = std::vector<std::string>;
using address = std::string;
using url = std::string;
using path = std::string;
using zone = std::string;
}  // namespace setting_value

inline constexpr size_t kSettingCount = 0
#define SETTING(...) +1
#define CHOICE(...) +1
#include "config/settings.def"
    ;

struct Settings {
  /// All defaults.
  Settings();

#define SETTING(kind, member, ...) setting_value::kind member{};
#define CHOICE(type, member, ...) type member{};
#include "config/settings.def"

  std::array<Origin, kSettingCount> origins;  ///< by SettingInfo::index
};

/// Every setting in the order of settings.def.
std::span<const SettingInfo> setting_table();
/// By name in any case, with or without "schedules_"; nullptr if there is none.
const SettingInfo* find_setting(std::string_view name);
/// "; did you mean X?" with the known name that is nearest, or "".
std::string suggest_setting(std::string_view name);

/// Reads the text into the setting and notes its origin. Errors carry "schedules_NAME" as field: wrong_type,
/// out_of_range, invalid_argument, too_long, unknown_time_zone. On error nothing changes.
Status set_setting(Settings& settings, const SettingInfo& info, std::string_view text, Origin origin);
/// The value as text that set_setting reads back: lists joined by commas, secrets in clear.
std::string show_setting(const Settings& settings, const SettingInfo& info);
/// The same for people and logs: a secret becomes "********", a password inside a URL too.
std::string show_masked(const Settings& settings, const SettingInfo& info);

/// Everything that two settings must agree on; all faults at once, in Error::more.
Status check_settings(const Settings& settings);

/// Host and port of "127.0.0.1:8480" or "[::1]:8480". Errors: invalid_argument.
struct HostPort {
  std::string host;
  uint16_t port = 0;
};
Result<HostPort> parse_host_port(std::string_view text);
/// Whether a host names this machine only: localhost, 127.0.0.0/8 or ::1.
bool is_loopback(std::string_view host);

std::string_view to_string(SettingKind kind);
std::string_view to_string(Source source);  ///< default, file, environment, flag, override

}  // namespace schedules
