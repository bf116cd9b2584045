#include "api/schedules/schedule_fields.h"

#include "api/alerts/policy.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

using json::Kind;

constexpr int64_t kDay = 86'400;
constexpr int64_t kYear = 365 * kDay;
constexpr int64_t kCentury = 36'525 * kDay;
constexpr int64_t kMany = 1'000'000'000;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

// The framework reads "3" as a number and "true" or 1 as true; so do its clients' forms.
json::Value as_number(const json::Value& value) {
  const std::string_view text = trimmed(value.text);
  const json::Value number{Kind::number, text};
  return value.kind == Kind::string && number.number() ? number : value;
}

json::Value as_boolean(const json::Value& value) {
  const std::string word = to_lower(value.text);
  if (value.kind == Kind::boolean || value.kind == Kind::object || value.kind == Kind::array) return value;
  if (word == "1" || word == "true" || word == "yes" || word == "on") return {Kind::boolean, "true"};
  if (word == "0" || word == "false" || word == "no" || word == "off") return {Kind::boolean, "false"};
  return value;
}

// Also Unix seconds, or milliseconds where seconds would be beyond the year 2600.
std::optional<TimePoint> time_of(std::string_view field, const json::Value& value, Faults& faults) {
  const auto number = as_number(value).number();
  if (!number) return faults.time(field, value);
  const double seconds = std::abs(*number) > 2e10 ? *number / 1000 : *number;
  if (seconds < 0 || seconds > 7.2e9) {
    faults.add(Code::out_of_range, field, fmt::format("{} must be from 1970 to 2200", field));
    return std::nullopt;
  }
  return TimePoint(Duration(static_cast<int64_t>(std::llround(seconds * 1e6))));
}

std::optional<Headers> headers_of(std::string_view field, const json::Value& value, Faults& faults) {
  json::Document document;
  if (!faults.expect(field, value, Kind::object) || !document.read(value.text)) return std::nullopt;
  std::string texts = "{";
  json::Writer out(texts);
  for (const auto& [key, entry] : document.members())
    if (entry.kind != Kind::null) out.any_key(key).text(entry.text);
  texts += "}";
  return faults.headers(field, {Kind::object, texts});
}

template <class T>
void keep(T& place, std::optional<T> value) {
  if (value) place = std::move(*value);
}

// Readers of one field; null has been dealt with.
struct Reading {
  std::string_view name;
  const json::Value& value;
  Schedule& schedule;
  Faults& faults;

  [[nodiscard]] std::optional<std::string> text(Presence presence = Presence::optional,
                                                size_t limit = kMaxNameChars) const {
    return faults.name(name, value, presence, limit);
  }
  [[nodiscard]] std::optional<int64_t> integer(int64_t min, int64_t max) const {
    return faults.integer(name, as_number(value), min, max);
  }
  [[nodiscard]] std::optional<double> number(double min, double max) const {
    return faults.number(name, as_number(value), min, max);
  }
  [[nodiscard]] std::optional<std::chrono::seconds> seconds(int64_t min, int64_t max) const {
    const auto count = integer(min, max);
    return count ? std::optional(std::chrono::seconds(*count)) : std::nullopt;
  }
  [[nodiscard]] std::optional<Duration> duration(double min, double max) const {
    const auto count = number(min, max);
    return count ? std::optional(Duration(static_cast<int64_t>(std::llround(*count * 1e6)))) : std::nullopt;
  }
  template <class T>
  void integer_into(T& place, int64_t min, int64_t max) const {
    if (const auto count = integer(min, max)) place = static_cast<T>(*count);
  }
};

using Read = void (*)(const Reading&);
using Clear = void (*)(Schedule&);

// `clear` is what null means in an update; without it null is refused there.
struct FieldReader {
  std::string_view name;
  Read read;
  Clear clear;
};

constexpr Clear kNotNull = nullptr;

const FieldReader kFields[] = {
    {"name", [](const Reading& r) { keep(r.schedule.name, r.text(Presence::required)); }, kNotNull},
    {"description",
     [](const Reading& r) {
       if (auto t = r.faults.text(r.name, r.value, 4096)) r.schedule.description = *t;
     },
     [](Schedule& s) { s.description.reset(); }},
    {"event_type", [](const Reading& r) { keep(r.schedule.event_type, r.text(Presence::required)); }, kNotNull},
    {"event_action", [](const Reading& r) { keep(r.schedule.event_action, r.text(Presence::required)); }, kNotNull},
    {"event_entity_id", [](const Reading& r) { r.schedule.event_entity_id = r.text(); },
     [](Schedule& s) { s.event_entity_id.reset(); }},
    {"event_payload",
     [](const Reading& r) {
       if (r.faults.expect(r.name, r.value, Kind::object)) r.schedule.event_payload = r.faults.object(r.name, r.value);
     },
     [](Schedule& s) { s.event_payload.reset(); }},
    {"actor_type", [](const Reading& r) { keep(r.schedule.actor_type, r.text(Presence::required)); },
     [](Schedule& s) { s.actor_type = "system"; }},
    {"actor_id", [](const Reading& r) { keep(r.schedule.actor_id, r.text(Presence::required)); },
     [](Schedule& s) { s.actor_id = "scheduler"; }},
    {"cron_expression", [](const Reading& r) { r.schedule.cron_expression = r.text(Presence::optional, 1024); },
     [](Schedule& s) { s.cron_expression.reset(); }},
    {"every_seconds", [](const Reading& r) { r.schedule.every = r.duration(1, static_cast<double>(kCentury)); },
     [](Schedule& s) { s.every.reset(); }},
    {"one_time", [](const Reading& r) { keep(r.schedule.one_time, r.faults.boolean(r.name, as_boolean(r.value))); },
     kNotNull},
    {"execution_time", [](const Reading& r) { r.schedule.execution_time = time_of(r.name, r.value, r.faults); },
     [](Schedule& s) { s.execution_time.reset(); }},
    {"timezone", [](const Reading& r) { keep(r.schedule.timezone, r.text(Presence::required, 64)); }, kNotNull},
    {"start_at", [](const Reading& r) { r.schedule.start_at = time_of(r.name, r.value, r.faults); },
     [](Schedule& s) { s.start_at.reset(); }},
    {"end_at", [](const Reading& r) { r.schedule.end_at = time_of(r.name, r.value, r.faults); },
     [](Schedule& s) { s.end_at.reset(); }},
    {"max_count",
     [](const Reading& r) {
       if (const auto n = r.integer(1, kMany)) r.schedule.max_count = static_cast<uint64_t>(*n);
     },
     [](Schedule& s) { s.max_count.reset(); }},
    {"jitter_seconds", [](const Reading& r) { keep(r.schedule.jitter, r.duration(0, static_cast<double>(kDay))); },
     [](Schedule& s) { s.jitter = {}; }},
    {"dst_gap",
     [](const Reading& r) {
       keep(r.schedule.dst_gap, r.faults.choice(r.name, r.value, parse_dst_gap, "shift_forward, skip"));
     },
     [](Schedule& s) { s.dst_gap = DstGap::shift_forward; }},
    {"dst_overlap",
     [](const Reading& r) {
       keep(r.schedule.dst_overlap, r.faults.choice(r.name, r.value, parse_dst_overlap, "first, second, both"));
     },
     [](Schedule& s) { s.dst_overlap = DstOverlap::first; }},
    {"catch_up",
     [](const Reading& r) {
       keep(r.schedule.catch_up, r.faults.choice(r.name, r.value, parse_catch_up, "last, first, all, skip, fail"));
     },
     [](Schedule& s) { s.catch_up = CatchUp::last; }},
    {"late_after", [](const Reading& r) { keep(r.schedule.late_after, r.seconds(1, kDay)); }, kNotNull},
    {"catch_up_window", [](const Reading& r) { keep(r.schedule.catch_up_window, r.seconds(0, kYear)); }, kNotNull},
    {"catch_up_max", [](const Reading& r) { r.integer_into(r.schedule.catch_up_max, 1, 10'000); }, kNotNull},
    {"catch_up_rate", [](const Reading& r) { keep(r.schedule.catch_up_rate, r.number(0.01, 10'000)); }, kNotNull},
    {"overlap",
     [](const Reading& r) {
       keep(r.schedule.overlap, r.faults.choice(r.name, r.value, parse_overlap,
                                                "allow, skip, buffer_one, buffer_all, cancel_other, max_parallel"));
     },
     [](Schedule& s) { s.overlap = Overlap::allow; }},
    {"overlap_limit", [](const Reading& r) { r.integer_into(r.schedule.overlap_limit, 1, 1'000); }, kNotNull},
    {"max_runtime", [](const Reading& r) { keep(r.schedule.max_runtime, r.seconds(1, 30 * kDay)); }, kNotNull},
    {"ack",
     [](const Reading& r) { keep(r.schedule.ack, r.faults.choice(r.name, r.value, parse_ack, "none, required")); },
     [](Schedule& s) { s.ack = Ack::none; }},
    {"max_retries", [](const Reading& r) { r.integer_into(r.schedule.max_retries, 0, 100); }, kNotNull},
    {"retry_delay_seconds", [](const Reading& r) { keep(r.schedule.retry_delay, r.seconds(0, kDay)); }, kNotNull},
    {"tags", [](const Reading& r) { keep(r.schedule.tags, r.faults.names(r.name, r.value, kMaxTags)); },
     [](Schedule& s) { s.tags.clear(); }},
    {"event_correlation_id", [](const Reading& r) { r.schedule.event_correlation_id = r.text(); },
     [](Schedule& s) { s.event_correlation_id.reset(); }},
    {"event_headers", [](const Reading& r) { keep(r.schedule.event_headers, headers_of(r.name, r.value, r.faults)); },
     [](Schedule& s) { s.event_headers.clear(); }},
    {"topic", [](const Reading& r) { r.schedule.topic = r.text(); }, [](Schedule& s) { s.topic.reset(); }},
    {"target", [](const Reading& r) { keep(r.schedule.target, r.faults.target(r.name, r.value)); },
     [](Schedule& s) { s.target = {}; }},
    {"priority", [](const Reading& r) { r.integer_into(r.schedule.priority, kMinPriority, kMaxPriority); },
     [](Schedule& s) { s.priority = 0; }},
    {"max_delay_seconds", [](const Reading& r) { r.schedule.max_delay = r.seconds(0, kCentury); },
     [](Schedule& s) { s.max_delay.reset(); }},
    {"alerts", [](const Reading& r) { keep(r.schedule.alerts, read_alert_policy(r.name, r.value, r.faults)); },
     [](Schedule& s) { s.alerts = {}; }},
    {"note", [](const Reading& r) { keep(r.schedule.note, r.faults.text(r.name, r.value, 4096)); },
     [](Schedule& s) { s.note.clear(); }},
    {"owner", [](const Reading& r) { keep(r.schedule.owner, r.text()); }, [](Schedule& s) { s.owner.clear(); }},
    {"enabled",
     [](const Reading& r) {
       if (const auto on = r.faults.boolean(r.name, as_boolean(r.value)))
         r.schedule.status = *on ? ScheduleStatus::active : ScheduleStatus::paused;
     },
     kNotNull},
    {"status",
     [](const Reading& r) {
       keep(r.schedule.status,
            r.faults.choice(r.name, r.value, parse_schedule_status, "active, paused, disabled, completed"));
     },
     kNotNull}};

// Other spellings of a field; the canonical one wins where both are given.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {{"retry_delay", "retry_delay_seconds"},
                                                                      {"late_after_seconds", "late_after"},
                                                                      {"catch_up_window_seconds", "catch_up_window"},
                                                                      {"max_runtime_seconds", "max_runtime"}};

}  // namespace

std::string_view canonical_field(std::string_view key) {
  for (const auto& [alias, name] : kAliases)
    if (alias == key) return name;
  return key;
}

void read_schedule_field(const json::Member& member, NullMeaning null, Schedule& schedule, Faults& faults) {
  const std::string_view name = canonical_field(member.key);
  for (const auto& field : kFields) {
    if (field.name != name) continue;
    if (member.value.kind != Kind::null) return field.read({member.key, member.value, schedule, faults});
    if (null == NullMeaning::absent) return;
    if (field.clear != nullptr) return field.clear(schedule);
    return faults.add(Code::wrong_type, member.key, fmt::format("{} cannot be null", member.key));
  }
}

}  // namespace schedules::api
