#include "config/report.h"

#include <algorithm>

#include <boost/json.hpp>

#include "base/text.h"
#include "config/value.h"

namespace schedules {
namespace {

namespace json = boost::json;

struct PanelRow {
  std::string_view member;
  std::string_view subgroup;
  int order = 0;
  double min = 0;
  double max = 0;
};

constexpr std::array kPanel{
#define SETTING(...)
#define CHOICE(...)
#define PANEL(member_, subgroup_, order_, min_, max_) \
  PanelRow{.member = #member_, .subgroup = #subgroup_, .order = order_, .min = min_, .max = max_},
#include "config/settings.def"
};

// The zones that the admin panel offers, as the original does.
constexpr std::array<std::string_view, 11> kPanelZones{
    "UTC",          "US/Eastern",    "US/Central", "US/Mountain",   "US/Pacific",      "Europe/London",
    "Europe/Paris", "Europe/Berlin", "Asia/Tokyo", "Asia/Shanghai", "Australia/Sydney"};

struct Group {
  std::string_view id;
  std::string_view label;
};
constexpr std::array<Group, 11> kGroups{{{"general", "General"},
                                         {"server", "HTTP server and access"},
                                         {"events", "Events"},
                                         {"schedules", "Schedules"},
                                         {"alerts", "Alerts"},
                                         {"sinks", "Targets of fired events"},
                                         {"storage", "Embedded storage"},
                                         {"servers", "Servers and tiers"},
                                         {"analytics", "Analytics"},
                                         {"tracing", "Traces"},
                                         {"advanced", "Advanced"}}};

const PanelRow* panel_row(const SettingInfo& info) {
  const auto found = std::ranges::find(kPanel, to_lower(info.name), &PanelRow::member);
  return found == kPanel.end() ? nullptr : &*found;
}

bool is_whole(SettingKind kind) { return kind == SettingKind::integer || kind == SettingKind::duration; }
bool is_numeric(SettingKind kind) { return is_whole(kind) || kind == SettingKind::number; }
bool is_list(SettingKind kind) {
  return kind == SettingKind::list || kind == SettingKind::networks || kind == SettingKind::addresses;
}

json::value json_of(const SettingInfo& info, std::string_view text) {
  if (is_whole(info.kind)) return std::stoll(std::string(text));
  if (info.kind == SettingKind::number) return std::stod(std::string(text));
  if (info.kind == SettingKind::boolean) return text == "true";
  if (!is_list(info.kind)) return json::string(text);
  std::vector<std::string> items;
  json::array out;
  if (config::parse_into(info, text, items)) {
    for (const auto& item : items) out.emplace_back(item);
  }
  return out;
}

std::string_view panel_type(SettingKind kind) {
  if (is_whole(kind)) return "integer";
  if (kind == SettingKind::number) return "number";
  if (kind == SettingKind::boolean) return "boolean";
  return is_list(kind) ? "array" : "string";
}

std::string_view panel_component(const SettingInfo& info) {
  if (info.name == "TIMEZONE" || info.kind == SettingKind::choice) return "select";
  if (info.kind == SettingKind::secret) return "password";
  if (is_numeric(info.kind)) return "number";
  if (info.kind == SettingKind::boolean) return "switch";
  return is_list(info.kind) ? "tags" : "text";
}

json::value panel_options(const SettingInfo& info) {
  json::array options;
  const auto add = [&](std::string_view value) { options.push_back(json::object{{"value", value}, {"label", value}}); };
  if (info.name == "TIMEZONE") std::ranges::for_each(kPanelZones, add);
  if (info.kind == SettingKind::choice) std::ranges::for_each(config::split_choices(info.choices), add);
  return options.empty() ? json::value() : json::value(std::move(options));
}

json::object panel_meta(const SettingInfo& info) {
  const auto* row = panel_row(info);
  const auto key = fmt::format("schedules_{}", info.name);
  json::object meta{{"key", key}, {"label", info.label}, {"description", info.meaning}, {"group", "schedules"}};
  meta["subgroup"] = row != nullptr ? row->subgroup : info.group;
  meta["type"] = panel_type(info.kind);
  meta["component"] = panel_component(info);
  meta["options"] = panel_options(info);
  if (is_numeric(info.kind)) {
    const auto bound = [&](double value) {
      return is_whole(info.kind) ? json::value(static_cast<int64_t>(value)) : json::value(value);
    };
    meta["min"] = bound(row != nullptr ? row->min : info.min);
    meta["max"] = bound(row != nullptr ? row->max : info.max);
  } else {
    meta["min"] = nullptr;
    meta["max"] = nullptr;
  }
  meta["placeholder"] = nullptr;
  meta["required"] = is_numeric(info.kind) || (!is_list(info.kind) && info.min > 0);
  meta["secret"] = info.kind == SettingKind::secret || info.kind == SettingKind::url;
  meta["restart_required"] = !info.live;
  meta["advanced"] = row == nullptr || row->subgroup == "advanced";
  meta["order"] = row != nullptr ? row->order : 100 + static_cast<int>(info.index);
  meta["depends_on"] = nullptr;
  meta["module"] = "schedules";
  meta["unit"] = info.unit;
  meta["default_value"] = json_of(info, info.fallback);
  meta["validation"] = nullptr;
  return meta;
}

std::string bounds_text(const SettingInfo& info) {
  if (info.kind == SettingKind::choice) {
    return fmt::format("`{}`", fmt::join(config::split_choices(info.choices), "`, `"));
  }
  if (info.kind == SettingKind::boolean) return "`true`, `false`";
  if (!is_numeric(info.kind)) return std::string(to_string(info.kind));
  const auto unit = info.unit.empty() ? std::string() : fmt::format(" {}", info.unit);
  return fmt::format("{:.0f} to {:.0f}{}", info.min, info.max, unit);
}

}  // namespace

std::string setting_value_json(const Settings& settings, const SettingInfo& info) {
  return json::serialize(json_of(info, show_masked(settings, info)));
}

std::string settings_json(const Settings& settings) {
  json::array out;
  for (const auto& info : setting_table()) {
    const auto& origin = settings.origins[info.index];
    out.push_back(json::object{{"name", fmt::format("schedules_{}", info.name)},
                               {"value", json_of(info, show_masked(settings, info))},
                               {"source", to_string(origin.source)},
                               {"where", origin.where},
                               {"default", json_of(info, info.fallback)},
                               {"unit", info.unit},
                               {"kind", to_string(info.kind)},
                               {"group", info.group},
                               {"live", info.live},
                               {"meaning", info.meaning}});
  }
  return json::serialize(out);
}

std::string setting_sources_json(const Settings& settings) {
  json::object out;
  for (const auto& info : setting_table()) {
    const auto& origin = settings.origins[info.index];
    out[fmt::format("schedules_{}", info.name)] =
        json::object{{"source", to_string(origin.source)}, {"where", origin.where}};
  }
  return json::serialize(out);
}

std::string panel_schemas_json() {
  json::object settings;
  for (const auto& info : setting_table()) settings[fmt::format("schedules_{}", info.name)] = panel_meta(info);
  json::array subgroups;
  int order = 10;
  for (const std::string_view id : {"general", "advanced", "server", "events", "schedules", "alerts", "sinks",
                                    "storage", "servers", "analytics", "tracing"}) {
    const auto group = std::ranges::find(kGroups, id, &Group::id);
    subgroups.push_back(json::object{{"id", id}, {"label", group->label}, {"order", order}});
    order += 10;
  }
  const json::object group{{"id", "schedules"}, {"label", "Schedules"}, {"icon", "calendar"}, {"order", 15}};
  return json::serialize(json::object{{"settings", std::move(settings)},
                                      {"groups", {{"schedules", group}}},
                                      {"subgroups", {{"schedules", std::move(subgroups)}}}});
}

Status check_panel_value(const SettingInfo& info, std::string_view text) {
  Settings scratch;
  if (auto status = set_setting(scratch, info, text, {}); !status) return status;
  const auto* row = panel_row(info);
  if (row == nullptr || !is_numeric(info.kind)) return {};
  const double value = std::stod(show_setting(scratch, info));
  if (value >= row->min && value <= row->max) return {};
  return fail_field(Code::out_of_range, fmt::format("schedules_{}", info.name), "{} is not between {:.0f} and {:.0f}",
                    text, row->min, row->max);
}

std::string settings_markdown() {
  std::string out =
      "# Settings\n\n"
      "Made from `src/config/settings.def` by `schedules config --markdown`; a test compares the two.\n\n"
      "A flag (`--set NAME=VALUE`, or `--listen` for `LISTEN` and so on) wins over the environment\n"
      "(`schedules_NAME`, in any case), that over `schedules.toml` (`NAME = value`, at top level or under\n"
      "`[schedules]`; `--config FILE` names another file), that over the default. An empty variable counts as not set. "
      "A\n"
      "name that does not exist is an error which suggests the nearest one, and all faults are told at once.\n\n"
      "A setting in seconds or days also reads `90s`, `1h30m` or `2d`; a list is `a,b` or `[\"a\", \"b\"]`. *Live*\n"
      "settings change on SIGHUP; the others need a restart. `schedules config` shows what holds and why.\n";
  for (const auto& group : kGroups) {
    std::string rows;
    for (const auto& info : setting_table()) {
      if (info.group != group.id) continue;
      const auto fallback = info.fallback.empty() ? std::string("(empty)") : fmt::format("`{}`", info.fallback);
      rows += fmt::format("| `{}` | {} | {} | {} | {} |\n", info.name, fallback, bounds_text(info),
                          info.live ? "yes" : "", info.meaning);
    }
    if (rows.empty()) continue;
    out += fmt::format("\n## {}\n\n| name | default | values | live | meaning |\n| --- | --- | --- | --- | --- |\n{}",
                       group.label, rows);
  }
  return out;
}

}  // namespace schedules
