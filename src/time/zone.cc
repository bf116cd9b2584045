#include "time/zone.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>

#include <date/date.h>

#include "base/text.h"
#include "time/zone_file.h"

namespace schedules {
namespace {

constexpr int64_t kTableEnd_s = 7'289'654'400;  // 2201-01-01T00:00:00Z
constexpr size_t kLongestName = 64;

constexpr std::string_view kDirectory = "/usr/share/zoneinfo";

// Zones are shared by everyone who names them and never change, so one table serves the process. It
// holds only names that exist, so it is bounded by the zone directory. Never destroyed: zones
// outlive all users.
struct Registry {
  std::shared_mutex mutex;
  std::map<std::string, std::unique_ptr<const Zone>, std::less<>> zones;
  std::once_flag names_once;
  std::vector<std::string> names;
  std::vector<std::string_view> name_views;
};

Registry& registry() {
  static auto* const instance = new Registry;
  return *instance;
}

// Whether a text can be a zone's name at all: no path tricks, no other tables of the directory.
bool is_plausible(std::string_view name) {
  if (name.empty() || name.size() > kLongestName || name.front() == '/' || name.back() == '/') return false;
  const auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
           c == '+' || c == '-';
  };
  if (!std::ranges::all_of(name, is_allowed) || name.find("//") != std::string_view::npos) return false;
  for (const std::string_view no : {"posix/", "right/", "posixrules", "localtime", "Factory"}) {
    if (name.starts_with(no)) return false;
  }
  return true;
}

std::string read_bytes(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::unique_ptr<const Zone> load(std::string_view name) {
  const auto bytes = read_bytes(std::filesystem::path(kDirectory) / name);
  const auto rules = read_zone_file(bytes);
  if (!rules) return nullptr;
  return std::make_unique<const Zone>(std::string(name), *rules);
}

void list_names(Registry& all) {
  namespace fs = std::filesystem;
  all.names.emplace_back("UTC");
  std::error_code error;
  fs::recursive_directory_iterator entry(kDirectory, fs::directory_options::skip_permission_denied, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const auto name = entry->path().string().substr(kDirectory.size() + 1);
    if (name == "posix" || name == "right") entry.disable_recursion_pending();
    std::error_code ignored;
    if (!is_plausible(name) || !entry->is_regular_file(ignored)) continue;
    std::ifstream file(entry->path(), std::ios::binary);
    std::array<char, 4> magic{};
    if (file.read(magic.data(), magic.size()) && std::string_view(magic.data(), 4) == "TZif") {
      all.names.push_back(name);
    }
  }
  std::ranges::sort(all.names);
  const auto repeated = std::ranges::unique(all.names);
  all.names.erase(repeated.begin(), repeated.end());
  all.name_views.assign(all.names.begin(), all.names.end());
}

// "london" and "new york" mean the city of a full name; else the nearest spelling.
std::string_view suggestion(std::string_view wanted) {
  std::string word = to_lower(wanted.substr(0, kLongestName));
  std::ranges::replace(word, ' ', '_');
  for (const auto name : zone_names()) {
    if (to_lower(name) == word) return name;
  }
  for (const auto name : zone_names()) {
    const auto slash = name.rfind('/');
    const auto city = slash == std::string_view::npos ? name : name.substr(slash + 1);
    if (to_lower(city) == word) return name;
  }
  return nearest(word, zone_names());
}

void append_padded(std::string& out, int64_t value, int width) {
  fmt::format_to(std::back_inserter(out), "{:0{}}", value, width);
}

void append_local(std::string& out, LocalSeconds local) {
  const int64_t local_s = local.time_since_epoch().count();
  const auto day = std::chrono::floor<std::chrono::days>(local).time_since_epoch();
  const date::year_month_day ymd{date::sys_days{date::days{static_cast<int>(day.count())}}};
  const int64_t in_day = local_s - int64_t{day.count()} * 86'400;
  append_padded(out, static_cast<int>(ymd.year()), 4);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(ymd.month()), 2);
  out.push_back('-');
  append_padded(out, static_cast<unsigned>(ymd.day()), 2);
  out.push_back('T');
  append_padded(out, in_day / 3600, 2);
  out.push_back(':');
  append_padded(out, in_day / 60 % 60, 2);
  out.push_back(':');
  append_padded(out, in_day % 60, 2);
}

int64_t floor_seconds(Duration since_epoch) { return std::chrono::floor<std::chrono::seconds>(since_epoch).count(); }

}  // namespace

Zone::Zone(std::string name, const ZoneRules& rules) : name_(std::move(name)) {
  periods_.push_back({-kForever_s, -kForever_s + rules.first_offset_s, -kForever_s, kForever_s, rules.first_offset_s});
  for (const auto& change : rules.changes) {
    // Some files open with a change at the beginning of time; it is before anything that is asked
    // for.
    if (change.at_s <= -kForever_s) continue;
    periods_.push_back({change.at_s, change.at_s + change.offset_s, 0, kForever_s, change.offset_s});
  }
  for (size_t i = 1; i < periods_.size(); ++i) {
    const auto& before = periods_[i - 1];
    periods_[i].seen_local_s = std::max(before.seen_local_s, periods_[i].begin_s + before.offset_s);
  }
  for (size_t i = periods_.size() - 1; i > 0; --i) {
    periods_[i - 1].again_local_s = std::min(periods_[i].again_local_s, periods_[i].local_begin_s);
  }
  for (int64_t begin_s = 0; begin_s < kTableEnd_s; begin_s += int64_t{1} << kBucketBits) {
    buckets_.push_back(static_cast<uint16_t>(search(begin_s)));
  }
}

size_t Zone::search(int64_t utc_s) const noexcept {
  const auto after = std::ranges::upper_bound(periods_, utc_s, {}, &ZonePeriod::begin_s);
  return after == periods_.begin() ? 0 : static_cast<size_t>(after - periods_.begin()) - 1;
}

LocalReading Zone::to_local(TimePoint time) const noexcept {
  const std::chrono::seconds offset{periods_[index_at(floor_seconds(time.time_since_epoch()))].offset_s};
  return {LocalTime{time.time_since_epoch() + offset}, offset};
}

LocalMeaning Zone::to_utc(LocalTime local) const noexcept {
  const int64_t local_s = floor_seconds(local.time_since_epoch());
  // Offsets are less than two days, so the earliest period that can show it is found from there.
  constexpr int64_t kMostOffset_s = 2 * 86'400;
  LocalMeaning meaning;
  bool found = false;
  for (size_t i = index_at(local_s - kMostOffset_s); i < periods_.size(); ++i) {
    const auto& period = periods_[i];
    if (period.begin_s > local_s + kMostOffset_s) break;
    if (!found && period.seen_local_s <= local_s && local_s < std::min(period.local_begin_s, period.again_local_s)) {
      meaning.kind = LocalMeaning::Kind::gap;
      meaning.first = meaning.second = TimePoint{std::chrono::seconds{period.begin_s}};
      return meaning;
    }
    if (local_s < period.local_begin_s || local_s >= end_of(i) + period.offset_s) continue;
    meaning.second = TimePoint{local.time_since_epoch() - std::chrono::seconds{period.offset_s}};
    if (found) meaning.kind = LocalMeaning::Kind::overlap;
    if (!found) meaning.first = meaning.second;
    found = true;
  }
  return meaning;
}

Result<const Zone*> find_zone(std::string_view name) {
  if (name == "UTC") return &utc_zone();
  if (is_plausible(name)) {
    Registry& all = registry();
    {
      const std::shared_lock lock(all.mutex);
      if (const auto found = all.zones.find(name); found != all.zones.end()) return found->second.get();
    }
    if (auto zone = load(name)) {
      const std::unique_lock lock(all.mutex);
      return all.zones.try_emplace(std::string(name), std::move(zone)).first->second.get();
    }
  }
  const auto near = suggestion(name);
  if (zone_names().size() < 2) {
    return fail_field(Code::unknown_time_zone, "timezone",
                      "\"{}\" is not known, and {} has no zones: is the package tzdata installed?",
                      name.substr(0, kLongestName), kDirectory);
  }
  return fail_field(Code::unknown_time_zone, "timezone", "\"{}\" is not an IANA time zone{}",
                    name.substr(0, kLongestName),
                    near.empty() ? "; they look like Europe/London" : fmt::format("; did you mean {}?", near));
}

const Zone& utc_zone() {
  static const Zone* const zone = new Zone("UTC", ZoneRules{});
  return *zone;
}

std::span<const std::string_view> zone_names() {
  Registry& all = registry();
  std::call_once(all.names_once, [&] { list_names(all); });
  return all.name_views;
}

std::string format_with_offset(TimePoint time, const Zone& zone) {
  const int64_t offset_s = zone.to_local(time).offset.count();
  const int64_t minutes = (offset_s < 0 ? offset_s - 30 : offset_s + 30) / 60;
  const LocalTime local{time.time_since_epoch() + std::chrono::minutes{minutes}};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(local);
  std::string out;
  out.reserve(32);
  append_local(out, seconds);
  if (const auto fraction = (local - seconds).count(); fraction != 0) {
    out.push_back('.');
    append_padded(out, fraction, 6);
  }
  out.push_back(minutes < 0 ? '-' : '+');
  append_padded(out, std::abs(minutes) / 60, 2);
  out.push_back(':');
  append_padded(out, std::abs(minutes) % 60, 2);
  return out;
}

std::string format_local(LocalSeconds local) {
  std::string out;
  append_local(out, local);
  return out;
}

}  // namespace schedules
