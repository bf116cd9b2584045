#include "time/zone_file.h"

#include <algorithm>

#include "base/codec.h"
#include "time/posix_rule.h"

namespace schedules {
namespace {

constexpr int kFirstRuleYear = 1970;
constexpr int kLastRuleYear = 2201;  // one beyond the last supported year: local times reach into it

uint32_t read_be32(std::string_view in) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = (value << 8U) | static_cast<uint8_t>(in[i]);
  return value;
}

struct Header {
  uint8_t version = 0;
  uint64_t ut_flags = 0;
  uint64_t standard_flags = 0;
  uint64_t leap_seconds = 0;
  uint64_t times = 0;
  uint64_t types = 0;
  uint64_t letters = 0;

  [[nodiscard]] uint64_t body_size(uint64_t time_size) const {
    return times * (time_size + 1) + types * 6 + letters + leap_seconds * (time_size + 4) + standard_flags + ut_flags;
  }
};

Header read_header(Reader& reader) {
  Header header;
  if (reader.raw(4) != "TZif") return header;
  header.version = reader.u8();
  reader.raw(15);
  for (auto* count : {&header.ut_flags, &header.standard_flags, &header.leap_seconds, &header.times, &header.types,
                      &header.letters}) {
    const auto bytes = reader.raw(4);
    if (bytes.size() == 4) *count = read_be32(bytes);
  }
  return header;
}

void append_change(std::vector<ClockChange>& changes, int32_t first_offset_s, ClockChange change) {
  const int32_t before = changes.empty() ? first_offset_s : changes.back().offset_s;
  if (change.offset_s != before) changes.push_back(change);
}

void carry_on(ZoneRules& rules, const PosixRule& rule, int64_t after_s) {
  if (!rule.has_summer) return;
  std::vector<ClockChange> yearly;
  for (int year = kFirstRuleYear; year <= kLastRuleYear; ++year) {
    yearly.push_back({rule.summer_begins.wall_s(year) - rule.standard_offset_s, rule.summer_offset_s});
    yearly.push_back({rule.summer_ends.wall_s(year) - rule.summer_offset_s, rule.standard_offset_s});
  }
  // Where summer lasts the whole year, an end and the next beginning are one instant: the beginning
  // wins.
  std::ranges::sort(yearly, [&](const ClockChange& a, const ClockChange& b) {
    if (a.at_s != b.at_s) return a.at_s < b.at_s;
    return a.offset_s != rule.summer_offset_s && b.offset_s == rule.summer_offset_s;
  });
  for (const auto& change : yearly) {
    if (change.at_s > after_s) append_change(rules.changes, rules.first_offset_s, change);
  }
}

Result<ZoneRules> bad(std::string_view why) { return fail(Code::corrupt, "not a usable zone file: {}", why); }

}  // namespace

Result<ZoneRules> read_zone_file(std::string_view bytes) {
  Reader reader(bytes);
  const Header old = read_header(reader);
  if (old.version < '2') return bad("no TZif header of version 2 or later");
  reader.raw(old.body_size(4));
  const Header header = read_header(reader);
  if (!reader.ok() || header.version < '2') return bad("cut short");
  if (header.leap_seconds != 0) return bad("it counts leap seconds");
  const auto times = reader.raw(header.times * 8);
  const auto kinds = reader.raw(header.times);
  const auto types = reader.raw(header.types * 6);
  reader.raw(header.letters + header.standard_flags + header.ut_flags);
  if (!reader.ok() || header.types == 0) return bad("cut short");

  const auto offset_of = [&](size_t type) { return static_cast<int32_t>(read_be32(types.substr(type * 6))); };
  ZoneRules rules{.first_offset_s = offset_of(0), .changes = {}};
  int64_t last_s = INT64_MIN;
  for (size_t i = 0; i < header.times; ++i) {
    const auto kind = static_cast<uint8_t>(kinds[i]);
    const auto at_s = static_cast<int64_t>(read_be64(times.substr(i * 8)));
    if (kind >= header.types || at_s <= last_s) return bad("its changes are out of order");
    last_s = at_s;
    append_change(rules.changes, rules.first_offset_s, {at_s, offset_of(kind)});
  }
  std::string_view footer = bytes.substr(std::min<size_t>(bytes.size(), 88 + old.body_size(4) + header.body_size(8)));
  if (!footer.starts_with('\n')) return rules;
  footer.remove_prefix(1);
  footer = footer.substr(0, footer.find('\n'));
  if (footer.empty()) return rules;
  const auto rule = parse_posix_rule(footer);
  if (!rule) return bad("its closing rule cannot be read");
  carry_on(rules, *rule, last_s);
  return rules;
}

}  // namespace schedules
