#include "config/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <arpa/inet.h>
#include <boost/json.hpp>

#include "base/text.h"
#include "time/text.h"
#include "time/zone.h"

namespace schedules::config {
namespace {

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string bounded(double value) {
  return std::abs(value) < 1e15 ? fmt::format("{}", static_cast<int64_t>(value)) : fmt::format("{}", value);
}

Status check_range(const SettingInfo& info, double value, std::string_view text) {
  if (value >= info.min && value <= info.max) return {};
  return fail(Code::out_of_range, "{} is not between {} and {}{}{}", text, bounded(info.min), bounded(info.max),
              info.unit.empty() ? "" : " ", info.unit);
}

int64_t unit_micros(std::string_view unit) { return unit == "d" ? int64_t{86'400} * 1'000'000 : 1'000'000; }

// "90s" for a setting in seconds, "2w" for one in days.
Result<int64_t> parse_units(const SettingInfo& info, std::string_view text) {
  const auto duration = parse_duration(text);
  const auto unit = unit_micros(info.unit);
  if (!duration) {
    return fail(Code::wrong_type, "\"{}\" is neither a whole number of {} nor a duration such as 90s or 2d", text,
                info.unit == "d" ? "days" : "seconds");
  }
  if (duration->count() % unit != 0) {
    return fail(Code::invalid_argument, "{} is not a whole number of {}", text, info.unit == "d" ? "days" : "seconds");
  }
  return duration->count() / unit;
}

Status check_network(std::string_view text) {
  const auto slash = text.find('/');
  const std::string host(text.substr(0, slash));
  std::array<unsigned char, 16> bytes{};
  const bool v4 = inet_pton(AF_INET, host.c_str(), bytes.data()) == 1;
  const bool v6 = !v4 && inet_pton(AF_INET6, host.c_str(), bytes.data()) == 1;
  int bits = v4 ? 32 : 128;
  if ((v4 || v6) && slash != std::string_view::npos) {
    const auto tail = text.substr(slash + 1);
    const int limit = bits;
    const auto [end, error] = std::from_chars(tail.data(), tail.data() + tail.size(), bits);
    if (error != std::errc{} || end != tail.data() + tail.size() || bits < 0 || bits > limit) bits = -1;
  }
  if ((v4 || v6) && bits >= 0) return {};
  return fail(Code::invalid_argument, "\"{}\" is not a network such as 10.0.0.0/8 or fd00::/8", text);
}

Status check_url(const SettingInfo& info, std::string_view text) {
  std::string_view schemes = "mongodb|mongodb+srv";
  if (info.name == "REDIS_URL") schemes = "redis|rediss|redis-sentinel|redis-cluster";
  if (info.name == "CLICKHOUSE_URL") schemes = "http|https|clickhouse";
  if (info.name == "OTLP_ENDPOINT") schemes = "http|https";
  const auto colon = text.find("://");
  const auto known = split_choices(schemes);
  const auto scheme = to_lower(text.substr(0, colon));
  if (colon != std::string_view::npos && std::ranges::find(known, scheme) != known.end() && text.size() > colon + 3) {
    return {};
  }
  return fail(Code::invalid_argument, "the address has to begin with {}://", fmt::join(known, "://, "));
}

Status check_text(const SettingInfo& info, const std::string& text) {
  const bool hidden = info.kind == SettingKind::secret || info.kind == SettingKind::url;
  if (static_cast<double>(text.size()) > info.max) {
    return fail(Code::too_long, "it has {} bytes, {} are allowed", text.size(), bounded(info.max));
  }
  if (static_cast<double>(text.size()) < info.min) return fail(Code::invalid_argument, "it must not be empty");
  if (!is_valid_utf8(text) || !is_printable(text)) {
    return fail(Code::invalid_argument, "{} has bytes that are not printable text",
                hidden ? std::string("the value") : fmt::format("\"{}\"", truncate_utf8(text, 64)));
  }
  switch (info.kind) {
    case SettingKind::address: {
      const auto parsed = parse_host_port(text);
      return parsed ? Status{} : fail(parsed.error());
    }
    case SettingKind::zone: {
      const auto zone = find_zone(text);
      return zone ? Status{} : fail(zone.error());
    }
    case SettingKind::url:
      return text.empty() ? Status{} : check_url(info, text);
    default:
      return {};
  }
}

Result<std::vector<std::string>> split_list(std::string_view text) {
  std::vector<std::string> items;
  if (text.starts_with('[')) {
    boost::system::error_code error;
    const auto parsed = boost::json::parse(text, error);
    if (error || !parsed.is_array()) return fail(Code::wrong_type, "it is not a JSON array of strings");
    for (const auto& item : parsed.get_array()) {
      if (!item.is_string()) return fail(Code::wrong_type, "it is not a JSON array of strings");
      items.emplace_back(item.get_string());
    }
    return items;
  }
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto item = trim(text.substr(0, comma));
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

}  // namespace

Status parse_into(const SettingInfo& info, std::string_view text, int64_t& out) {
  text = trim(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) return check_range(info, info.max + 1, text);
  if (error != std::errc{} || end != text.data() + text.size()) {
    if (info.kind != SettingKind::duration) return fail(Code::wrong_type, "\"{}\" is not a whole number", text);
    const auto units = parse_units(info, text);
    if (!units) return fail(units.error());
    value = *units;
  }
  if (auto status = check_range(info, static_cast<double>(value), text); !status) return status;
  out = value;
  return {};
}

Status parse_into(const SettingInfo& info, std::string_view text, double& out) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return fail(Code::wrong_type, "\"{}\" is not a number", text);
  }
  if (auto status = check_range(info, value, text); !status) return status;
  out = value;
  return {};
}

Status parse_into(const SettingInfo&, std::string_view text, bool& out) {
  const auto word = to_lower(trim(text));
  for (const std::string_view yes : {"true", "1", "yes", "on"}) {
    if (word == yes) return out = true, Status{};
  }
  for (const std::string_view no : {"false", "0", "no", "off"}) {
    if (word == no) return out = false, Status{};
  }
  return fail(Code::wrong_type, "\"{}\" is neither true nor false", text);
}

Status parse_into(const SettingInfo& info, std::string_view text, std::string& out) {
  // A secret's white space may be meant; in all others it is an accident of quoting.
  std::string value(info.kind == SettingKind::secret ? text : trim(text));
  if (auto status = check_text(info, value); !status) return status;
  out = std::move(value);
  return {};
}

Status parse_into(const SettingInfo& info, std::string_view text, std::vector<std::string>& out) {
  auto items = split_list(trim(text));
  if (!items) return fail(items.error());
  if (static_cast<double>(items->size()) > info.max) {
    return fail(Code::too_long, "it has {} entries, {} are allowed", items->size(), bounded(info.max));
  }
  for (const auto& item : *items) {
    if (!is_valid_utf8(item) || !is_printable(item) || item.contains(',')) {
      return fail(Code::invalid_argument, "an entry is not printable text without commas");
    }
    if (info.kind == SettingKind::networks) {
      if (auto status = check_network(item); !status) return status;
    }
    if (info.kind == SettingKind::addresses) {
      if (const auto parsed = parse_host_port(item); !parsed) return fail(parsed.error());
    }
  }
  out = std::move(*items);
  return {};
}

Result<size_t> parse_choice(const SettingInfo& info, std::string_view text) {
  const auto choices = split_choices(info.choices);
  const auto word = to_lower(trim(text));
  for (size_t i = 0; i < choices.size(); ++i) {
    if (to_lower(choices[i]) == word) return i;
  }
  const auto near = nearest(word, choices);
  return fail(Code::invalid_argument, "\"{}\" is none of {}{}", text, fmt::join(choices, ", "),
              near.empty() ? std::string() : fmt::format("; did you mean {}?", near));
}

std::vector<std::string_view> split_choices(std::string_view choices) {
  std::vector<std::string_view> out;
  while (!choices.empty()) {
    const auto bar = std::min(choices.find('|'), choices.size());
    out.push_back(choices.substr(0, bar));
    choices.remove_prefix(std::min(bar + 1, choices.size()));
  }
  return out;
}

std::string_view choice_at(std::string_view choices, size_t i) {
  const auto all = split_choices(choices);
  return i < all.size() ? all[i] : std::string_view{};
}

std::string show(const SettingInfo&, double value) { return fmt::format("{}", value); }

std::string show(const SettingInfo&, const std::vector<std::string>& value) {
  return fmt::format("{}", fmt::join(value, ","));
}

std::string mask_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto begin = scheme + 3;
  const auto authority = url.substr(begin, std::min(url.find_first_of("/?#", begin), url.size()) - begin);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at == std::string_view::npos || colon == std::string_view::npos || colon > at) return std::string(url);
  return fmt::format("{}{}{}", url.substr(0, begin + colon + 1), kMask, url.substr(begin + at));
}

}  // namespace schedules::config
