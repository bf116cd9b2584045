#include "config/settings.h"

#include <algorithm>
#include <charconv>

#include <arpa/inet.h>

#include "base/check.h"
#include "base/text.h"
#include "config/value.h"

namespace schedules {
namespace {

// CHECK_INTERVAL_SECONDS of check_interval_seconds, made when compiled so that it lives for ever.
template <size_t N>
struct UpperName {
  char text[N]{};
  consteval explicit UpperName(const char (&name)[N]) {
    for (size_t i = 0; i < N; ++i) {
      text[i] = name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 'a' + 'A') : name[i];
    }
  }
};

template <UpperName name>
constexpr std::string_view upper() {
  return {static_cast<const char*>(name.text), sizeof(name.text) - 1};
}

constexpr bool live = true;
constexpr bool restart = false;

constexpr auto kTable = [] {
  std::array<SettingInfo, kSettingCount> rows{
#define SETTING(kind_, member, fallback_, min_, max_, unit_, group_, when, label_, meaning_) \
  SettingInfo{.name = upper<UpperName(#member)>(),                                           \
              .kind = SettingKind::kind_,                                                    \
              .fallback = fallback_,                                                         \
              .min = min_,                                                                   \
              .max = max_,                                                                   \
              .unit = unit_,                                                                 \
              .group = #group_,                                                              \
              .live = when,                                                                  \
              .label = label_,                                                               \
              .meaning = meaning_},
#define CHOICE(type, member, choices_, fallback_, group_, when, label_, meaning_) \
  SettingInfo{.name = upper<UpperName(#member)>(),                                \
              .kind = SettingKind::choice,                                        \
              .fallback = fallback_,                                              \
              .choices = choices_,                                                \
              .group = #group_,                                                   \
              .live = when,                                                       \
              .label = label_,                                                    \
              .meaning = meaning_},
#include "config/settings.def"
  };
  for (size_t i = 0; i < rows.size(); ++i) rows[i].index = i;
  return rows;
}();

struct Access {
  Status (*parse)(const SettingInfo&, Settings&, std::string_view);
  std::string (*show)(const SettingInfo&, const Settings&);
};

constexpr std::array<Access, kSettingCount> kAccess{
#define ACCESS(member)                                                     \
  Access{[](const SettingInfo& info, Settings& s, std::string_view text) { \
           return config::parse_into(info, text, s.member);                \
         },                                                                \
         [](const SettingInfo& info, const Settings& s) { return config::show(info, s.member); }},
#define SETTING(kind, member, ...) ACCESS(member)
#define CHOICE(type, member, ...) ACCESS(member)
#include "config/settings.def"
#undef ACCESS
};

constexpr std::array<std::string_view, 14> kKinds{"integer",  "number", "boolean",  "text",      "secret",
                                                  "duration", "list",   "networks", "addresses", "address",
                                                  "url",      "path",   "zone",     "choice"};
constexpr std::array<std::string_view, 5> kSources{"default", "file", "environment", "flag", "override"};

std::string_view without_prefix(std::string_view name) {
  const bool prefixed =
      name.size() > kSettingPrefix.size() && to_lower(name.substr(0, kSettingPrefix.size())) == kSettingPrefix;
  return prefixed ? name.substr(kSettingPrefix.size()) : name;
}

}  // namespace

Settings::Settings() {
  for (const auto& info : kTable) {
    // A default outside its own bounds is a bug in the table.
    CHECK(kAccess[info.index].parse(info, *this, info.fallback));
  }
}

std::span<const SettingInfo> setting_table() { return kTable; }

const SettingInfo* find_setting(std::string_view name) {
  const auto wanted = to_lower(without_prefix(name));
  const auto found = std::ranges::find_if(kTable, [&](const auto& row) { return to_lower(row.name) == wanted; });
  return found == kTable.end() ? nullptr : &*found;
}

std::string suggest_setting(std::string_view name) {
  std::vector<std::string_view> names;
  for (const auto& info : kTable) names.push_back(info.name);
  const auto near = nearest(without_prefix(name), names);
  return near.empty() ? std::string() : fmt::format("; did you mean schedules_{}?", near);
}

Status set_setting(Settings& settings, const SettingInfo& info, std::string_view text, Origin origin) {
  auto status = kAccess[info.index].parse(info, settings, text);
  if (!status) {
    auto error = std::move(status.error());
    error.field = fmt::format("schedules_{}", info.name);
    if (!origin.where.empty()) error.detail += fmt::format(" (from {})", origin.where);
    return fail(std::move(error));
  }
  settings.origins[info.index] = std::move(origin);
  return {};
}

std::string show_setting(const Settings& settings, const SettingInfo& info) {
  return kAccess[info.index].show(info, settings);
}

std::string show_masked(const Settings& settings, const SettingInfo& info) {
  auto text = show_setting(settings, info);
  if (info.kind == SettingKind::url) return config::mask_url(text);
  if (info.kind == SettingKind::secret && !text.empty()) return std::string(config::kMask);
  return text;
}

Result<HostPort> parse_host_port(std::string_view text) {
  const auto colon = text.rfind(':');
  HostPort out;
  if (colon != std::string_view::npos) {
    auto host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    const bool clean = bracketed || !host.contains(':');
    if (error == std::errc{} && end == port.data() + port.size() && !host.empty() && clean && !host.contains(' ') &&
        !host.contains('/')) {
      out.host = host;
      return out;
    }
  }
  return fail(Code::invalid_argument, "\"{}\" is not host:port, such as 127.0.0.1:8480 or [::1]:8480", text);
}

bool is_loopback(std::string_view host) {
  const auto name = to_lower(host);
  if (name == "localhost") return true;
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET, name.c_str(), bytes.data()) == 1) return bytes[0] == 127;
  if (inet_pton(AF_INET6, name.c_str(), bytes.data()) != 1) return false;
  return std::ranges::all_of(bytes.begin(), bytes.end() - 1, [](auto b) { return b == 0; }) && bytes[15] == 1;
}

std::string_view to_string(SettingKind kind) { return kKinds[static_cast<size_t>(kind)]; }
std::string_view to_string(Source source) { return kSources[static_cast<size_t>(source)]; }

}  // namespace schedules
