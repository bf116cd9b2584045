// One setting's value from text and back. Pure functions; each error names no field, the caller knows it.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.h"
#include "config/settings.h"

namespace schedules::config {

Status parse_into(const SettingInfo& info, std::string_view text, int64_t& out);
Status parse_into(const SettingInfo& info, std::string_view text, double& out);
Status parse_into(const SettingInfo& info, std::string_view text, bool& out);
Status parse_into(const SettingInfo& info, std::string_view text, std::string& out);
/// Comma-separated, or a JSON array of strings.
Status parse_into(const SettingInfo& info, std::string_view text, std::vector<std::string>& out);
/// The position of the text among "a|b|c", in any case.
Result<size_t> parse_choice(const SettingInfo& info, std::string_view text);

template <class T>
  requires std::is_enum_v<T>
Status parse_into(const SettingInfo& info, std::string_view text, T& out) {
  const auto index = parse_choice(info, text);
  if (!index) return fail(index.error());
  out = static_cast<T>(*index);
  return {};
}

/// The i-th of "a|b|c"; empty beyond the end.
std::string_view choice_at(std::string_view choices, size_t i);
std::vector<std::string_view> split_choices(std::string_view choices);

inline std::string show(const SettingInfo&, int64_t value) { return std::to_string(value); }
std::string show(const SettingInfo& info, double value);
inline std::string show(const SettingInfo&, const std::same_as<bool> auto& value) { return value ? "true" : "false"; }
inline std::string show(const SettingInfo&, const std::string& value) { return value; }
std::string show(const SettingInfo& info, const std::vector<std::string>& value);
template <class T>
  requires std::is_enum_v<T>
std::string show(const SettingInfo& info, T value) {
  return std::string(choice_at(info.choices, static_cast<size_t>(value)));
}

/// "mongodb://me:secret@host" → "mongodb://me:********@host".
std::string mask_url(std::string_view url);
inline constexpr std::string_view kMask = "********";

}  // namespace schedules::config
