#include "config/load.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>

#include <unistd.h>

#include "base/random.h"
#include "base/text.h"
#include "config/toml_file.h"

extern char** environ;

namespace schedules {
namespace {

// Variables of the command line client, which are no settings of the server.
constexpr std::array<std::string_view, 4> kClientNames{"config", "server", "token", "token_file"};

// Kubernetes gives every pod SCHEDULES_PORT, SCHEDULES_SERVICE_HOST, SCHEDULES_PORT_8480_TCP_ADDR and the like where a
// service is named "schedules". They are nobody's settings.
bool is_kubernetes_link(std::string_view name) {
  if (!name.starts_with("SCHEDULES_")) return false;
  name.remove_prefix(kSettingPrefix.size());
  if (name == "PORT" || name == "SERVICE_HOST" || name == "SERVICE_PORT") return true;
  if (name.starts_with("SERVICE_PORT_")) return true;
  return name.starts_with("PORT_") && name.size() > 5 && std::isdigit(static_cast<unsigned char>(name[5])) != 0;
}

class Loader {
 public:
  explicit Loader(const SettingInputs& inputs) : inputs_(inputs) {}

  Result<Settings> run() {
    file();
    environment();
    flags();
    // Rules between settings are told about values that are right by themselves.
    if (faults_.empty()) {
      if (auto status = check_settings(settings_); !status) {
        Error first = std::move(status.error());
        auto more = std::move(first.more);
        faults_.push_back(std::move(first));
        for (auto& fault : more) faults_.push_back(std::move(fault));
      }
    }
    if (!faults_.empty()) return fail(joined());
    if (settings_.node_id.empty()) settings_.node_id = default_node_id();
    return std::move(settings_);
  }

 private:
  Error joined() {
    Error first = std::move(faults_.front());
    for (size_t i = 1; i < faults_.size(); ++i) first.more.push_back(std::move(faults_[i]));
    return first;
  }

  void fault(Code code, std::string field, std::string detail) {
    faults_.push_back(Error{.code = code, .detail = std::move(detail), .field = std::move(field)});
  }

  void unknown(std::string_view spelt, std::string_view where) {
    fault(Code::unknown_field, std::string(spelt),
          fmt::format("no such setting{} (from {})", suggest_setting(spelt), where));
  }

  void set(const SettingInfo& info, std::string_view text, Source source, std::string where) {
    auto status = set_setting(settings_, info, text, {source, std::move(where)});
    if (!status) faults_.push_back(std::move(status.error()));
  }

  std::optional<std::string> file_path() const {
    if (inputs_.config_file) return inputs_.config_file;
    for (const auto& [name, value] : inputs_.environment) {
      if (to_lower(name) == "schedules_config" && !value.empty()) return value;
    }
    auto usual = std::filesystem::path(inputs_.directory) / "schedules.toml";
    std::error_code ignored;
    if (std::filesystem::exists(usual, ignored)) return usual.lexically_normal().string();
    return std::nullopt;
  }

  void file() {
    const auto path = file_path();
    if (!path) return;
    auto read = config::read_toml(*path);
    if (!read) {
      faults_.push_back(std::move(read.error()));
      return;
    }
    for (auto& error : read->faults) faults_.push_back(std::move(error));
    std::map<size_t, std::string> seen;
    for (const auto& entry : read->entries) file_entry(entry, *path, seen);
  }

  void file_entry(const config::TomlEntry& entry, const std::string& path, std::map<size_t, std::string>& seen) {
    auto where = fmt::format("{}:{}", path, entry.line);
    const auto* info = find_setting(entry.key);
    if (info == nullptr) return unknown(entry.key, where);
    if (const auto [first, fresh] = seen.emplace(info->index, where); !fresh) {
      return fault(Code::invalid_argument, fmt::format("schedules_{}", info->name),
                   fmt::format("it is set twice (from {} and {})", first->second, where));
    }
    if (!fits(info->kind, entry.form)) {
      return fault(Code::wrong_type, fmt::format("schedules_{}", info->name),
                   fmt::format("it has to be {} (from {})", wanted_form(info->kind), where));
    }
    set(*info, entry.text, Source::file, std::move(where));
  }

  static bool fits(SettingKind kind, config::TomlEntry::Form form) {
    using Form = config::TomlEntry::Form;
    switch (kind) {
      case SettingKind::integer:
        return form == Form::integer;
      case SettingKind::number:
        return form == Form::integer || form == Form::number;
      case SettingKind::boolean:
        return form == Form::boolean;
      case SettingKind::duration:
        return form == Form::integer || form == Form::text;
      case SettingKind::list:
      case SettingKind::networks:
      case SettingKind::addresses:
        return form == Form::list || form == Form::text;
      default:
        return form == Form::text;
    }
  }

  static std::string_view wanted_form(SettingKind kind) {
    switch (kind) {
      case SettingKind::integer:
        return "a whole number, without quotes";
      case SettingKind::number:
        return "a number, without quotes";
      case SettingKind::boolean:
        return "true or false, without quotes";
      case SettingKind::duration:
        return "a whole number or a duration such as \"90s\"";
      case SettingKind::list:
      case SettingKind::networks:
      case SettingKind::addresses:
        return "a list of texts, such as [\"a\", \"b\"]";
      default:
        return "a text in quotes";
    }
  }

  void environment() {
    std::map<size_t, std::string> seen;
    // The framework's own name for the key; ours, if it is there too, wins below.
    for (const auto& [name, value] : inputs_.environment) {
      if (name == "SECRET_KEY" && !value.empty()) set(*find_setting(name), value, Source::environment, name);
    }
    for (const auto& [name, value] : inputs_.environment) {
      const auto lower = to_lower(name);
      if (!lower.starts_with(kSettingPrefix) || is_kubernetes_link(name)) continue;
      if (std::ranges::find(kClientNames, lower.substr(kSettingPrefix.size())) != kClientNames.end()) continue;
      const auto* info = find_setting(name);
      if (info == nullptr) {
        unknown(name, "the environment");
        continue;
      }
      if (value.empty()) continue;
      if (const auto [first, fresh] = seen.emplace(info->index, name); !fresh) {
        fault(Code::invalid_argument, name, fmt::format("it is set twice, as {} and {}", first->second, name));
        continue;
      }
      set(*info, value, Source::environment, name);
    }
  }

  void flags() {
    for (const auto& flag : inputs_.flags) {
      const auto* info = find_setting(flag.name);
      if (info == nullptr) {
        unknown(flag.name, flag.spelling);
      } else {
        set(*info, flag.value, Source::flag, flag.spelling);
      }
    }
  }

  const SettingInputs& inputs_;
  Settings settings_;
  std::vector<Error> faults_;
};

std::string fault_line(const Error& error) {
  return error.field.empty() ? error.detail : fmt::format("{}: {}", error.field, error.detail);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> process_environment() {
  std::vector<std::pair<std::string, std::string>> out;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) out.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return out;
}

Result<Settings> load_settings(const SettingInputs& inputs) { return Loader(inputs).run(); }

Result<Reload> reload_settings(const Settings& running, const SettingInputs& inputs) {
  auto fresh = load_settings(inputs);
  if (!fresh) return fail(std::move(fresh.error()));
  Reload out{.settings = running};
  for (const auto& info : setting_table()) {
    // A node without a name of its own gets a new random one at each load.
    const bool made_up = info.name == "NODE_ID" && fresh->origins[info.index].source == Source::fallback;
    const auto text = show_setting(*fresh, info);
    if (made_up || text == show_setting(running, info)) continue;
    if (!info.live) {
      out.need_restart.push_back(info.name);
      continue;
    }
    if (auto status = set_setting(out.settings, info, text, fresh->origins[info.index]); !status) {
      return fail(std::move(status.error()));
    }
    out.changed.push_back(info.name);
  }
  return out;
}

std::string describe_faults(const Error& error) {
  std::string out = fault_line(error);
  for (const auto& fault : error.more) out += '\n' + fault_line(fault);
  return out;
}

std::string default_node_id() {
  std::array<char, 65> host{};
  if (gethostname(host.data(), host.size() - 1) != 0 || host[0] == '\0') host = {'n', 'o', 'd', 'e'};
  return fmt::format("{}-{}-{:06x}", host.data(), getpid(), system_random()->below(1U << 24U));
}

}  // namespace schedules
