// Schedule → document.
#include "base/ids.h"
#include "mongo/json.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/schedule_document.h"
#include "store/mongo/schedule_fields.h"
#include "store/mongo/schedule_parts.h"

namespace schedules {
namespace {

using mongo::Array;
using mongo::Document;
using mongo::Value;

/// Appends each field to a document.
struct FieldWriter {
  Document& out;

  void text(std::string_view name, const std::string& value) { out.add(name, value); }
  void text(std::string_view name, const std::optional<std::string>& value) { out.add(name, value); }
  void text_or_empty(std::string_view name, const std::optional<std::string>& value) {
    out.add(name, value.value_or(""));
  }
  void boolean(std::string_view name, bool value) { out.add(name, value); }
  void real(std::string_view name, double value) { out.add(name, value); }
  void number(std::string_view name, const auto& value) { out.add(name, number_value(value)); }
  void seconds(std::string_view name, Duration value) { out.add(name, static_cast<double>(value.count()) / 1e6); }
  void optional_seconds(std::string_view name, const std::optional<Duration>& value) {
    if (value) return seconds(name, *value);
    out.add(name, nullptr);
  }
  void whole_seconds(std::string_view name, std::chrono::seconds value) { out.add(name, int64_t{value.count()}); }
  void whole_seconds(std::string_view name, const std::optional<std::chrono::seconds>& value) {
    if (value) return whole_seconds(name, *value);
    out.add(name, nullptr);
  }
  void time(std::string_view name, const std::optional<TimePoint>& value) { out.add(name, value); }
  void words(std::string_view name, const std::vector<std::string>& values) {
    Array array;
    for (const auto& value : values) array.add(value);
    out.add(name, array);
  }
  void word(std::string_view name, auto value, auto /*parse*/) { out.add(name, to_string(value)); }
  void target(std::string_view name, const Target& value) {
    Document inner{{"type", to_string(value.kind)}};
    if (!value.url.empty()) inner.add("url", value.url);
    out.add(name, inner);
  }
  void payload(std::string_view name, const std::optional<std::string>& value) {
    const auto visible = value ? visible_payload(*value) : std::nullopt;
    out.add(name, visible ? Value(*visible) : Value(nullptr));
  }
  void headers(std::string_view name, const Headers& value) { out.add(name, visible_headers(value)); }
  void alerts(std::string_view name, const AlertPolicy& value) {
    if (value == AlertPolicy{}) return out.add(name, nullptr), void();
    Document inner;
    if (value.url) inner.add("url", *value.url);
    if (value.on) inner.add("on_failure", value.on->failure).add("on_silence", value.on->silence);
    if (value.after_failures) inner.add("after_failures", int64_t{*value.after_failures});
    if (value.grace) inner.add("grace_seconds", int64_t{value.grace->count()});
    if (value.reminder) inner.add("reminder_seconds", int64_t{value.reminder->count()});
    out.add(name, inner);
  }

 private:
  static Value number_value(int8_t value) { return {int64_t{value}}; }
  static Value number_value(uint32_t value) { return {int64_t{value}}; }
  static Value number_value(const std::optional<uint64_t>& value) { return {value}; }
};

/// Appends to one text every field that is not as in a new schedule, so that fields of later versions change no hash.
struct FieldHasher {
  std::string out;
  std::vector<std::string> defaults;
  size_t at = 0;
  bool gather = false;  ///< this run only notes what the defaults are

  void field(std::string_view name, std::string bytes) {
    if (gather) return defaults.push_back(std::move(bytes));
    const bool same = at < defaults.size() && bytes == defaults[at];
    ++at;
    if (same) return;
    out += fmt::format("{}\x1F{}\x1F", name, bytes.size());
    out += bytes;
  }
  void text(std::string_view name, const std::string& value) { field(name, value); }
  void text(std::string_view name, const std::optional<std::string>& value) { field(name, value ? "=" + *value : ""); }
  void text_or_empty(std::string_view name, const std::optional<std::string>& value) {
    field(name, value.value_or(""));
  }
  void boolean(std::string_view name, bool value) { field(name, value ? "1" : "0"); }
  void real(std::string_view name, double value) { field(name, fmt::format("{}", value)); }
  template <class Number>
  void number(std::string_view name, const Number& value) {
    field(name, std::to_string(value));
  }
  template <class Number>
  void number(std::string_view name, const std::optional<Number>& value) {
    field(name, value ? std::to_string(*value) : "");
  }
  void seconds(std::string_view name, Duration value) { field(name, std::to_string(value.count())); }
  void optional_seconds(std::string_view name, const std::optional<Duration>& value) {
    field(name, value ? std::to_string(value->count()) : "");
  }
  void whole_seconds(std::string_view name, std::chrono::seconds value) { field(name, std::to_string(value.count())); }
  void whole_seconds(std::string_view name, const std::optional<std::chrono::seconds>& value) {
    field(name, value ? std::to_string(value->count()) : "");
  }
  void time(std::string_view name, const std::optional<TimePoint>& value) {
    field(name, value ? std::to_string(to_micros(*value)) : "");
  }
  void words(std::string_view name, const std::vector<std::string>& values) {
    std::string all;
    for (const auto& value : values) all += fmt::format("{}:{}", value.size(), value);
    field(name, std::move(all));
  }
  void word(std::string_view name, auto value, auto /*parse*/) { field(name, std::string(to_string(value))); }
  void target(std::string_view name, const Target& value) {
    field(name, fmt::format("{} {}", to_string(value.kind), value.url));
  }
  void payload(std::string_view name, const std::optional<std::string>& value) { text(name, value); }
  void alerts(std::string_view name, const AlertPolicy& value) {
    const auto number = [](const auto& inner, auto count) { return inner ? std::to_string(count(*inner)) : "-"; };
    const auto seconds = [](std::chrono::seconds inner) { return inner.count(); };
    const auto kinds = [](AlertKinds on) { return (on.failure ? 1 : 0) + (on.silence ? 2 : 0); };
    field(name, fmt::format("{} {} {} {} {}", number(value.on, kinds),
                            number(value.after_failures, [](uint32_t inner) { return inner; }),
                            number(value.grace, seconds), number(value.reminder, seconds), value.url.value_or("-")));
  }
  void headers(std::string_view name, const Headers& value) {
    std::string all;
    for (const auto& [key, inner] : value) all += fmt::format("{}:{}{}:{}", key.size(), key, inner.size(), inner);
    field(name, std::move(all));
  }
};

template <class Visit>
int64_t hash_of(const Schedule& schedule, Visit visit) {
  static const FieldHasher fresh = [&] {
    FieldHasher hasher;
    hasher.gather = true;
    const Schedule none;
    visit(hasher, none);
    return hasher;
  }();
  FieldHasher hasher;
  hasher.defaults = fresh.defaults;
  visit(hasher, schedule);
  return static_cast<int64_t>(stable_hash(hasher.out));
}

/// The exact time beside a date that has lost some of it.
void add_micros(Document& micros, std::string_view name, const std::optional<TimePoint>& time) {
  if (time && to_micros(*time) % 1000 != 0) micros.add(name, to_micros(*time));
}

std::optional<int64_t> micros_of(const std::optional<TimePoint>& time) {
  return time ? std::optional(to_micros(*time)) : std::nullopt;
}

}  // namespace

int64_t rule_hash(const Schedule& schedule) {
  return hash_of(schedule, [](auto& visitor, const Schedule& s) { rule_fields(visitor, s); });
}

int64_t template_hash(const Schedule& schedule) {
  return hash_of(schedule, [](auto& visitor, const Schedule& s) { template_fields(visitor, s); });
}

std::optional<Document> visible_payload(const std::string& payload) {
  return mongo::document_of_json(payload, kMostVisibleBytes);
}

Document visible_headers(const Headers& headers) {
  Document visible;
  for (const auto& [name, value] : headers) {
    const bool storable = !name.empty() && name.front() != '$' && name.find('\0') == name.npos;
    if (storable && !mongo::find(visible.bytes(), name)) visible.add(name, value);
  }
  return visible;
}

Document written_fields(const Schedule& schedule) {
  Document out;
  FieldWriter writer{out};
  template_fields(writer, schedule);
  rule_fields(writer, schedule);
  out.add("status", to_string(schedule.status));
  out.add("next_execution", schedule.next_execution);
  out.add("created_at", schedule.created_at).add("updated_at", schedule.updated_at);
  out.add("revision", schedule.revision);
  return out;
}

Document counters_of(const Schedule& schedule) {
  Document out{{"last_execution", schedule.last_execution}, {"last_error", schedule.last_error}};
  out.add("last_status", schedule.last_status ? Value(to_string(*schedule.last_status)) : Value(nullptr));
  out.add("execution_count", schedule.execution_count).add("error_count", schedule.error_count);
  if (schedule.last_execution) out.add("last_execution_us", to_micros(*schedule.last_execution));
  return out;
}

Document bookkeeping_of(const Schedule& schedule, const Refusal& refusal) {
  Document micros;
  if (schedule.execution_time) micros.add("execution_time", to_micros(*schedule.execution_time));
  add_micros(micros, "start_at", schedule.start_at);
  add_micros(micros, "end_at", schedule.end_at);
  add_micros(micros, "created_at", schedule.created_at);
  add_micros(micros, "updated_at", schedule.updated_at);
  Document out{{"layout", kScheduleLayout},
               {"rule", rule_hash(schedule)},
               {"template", template_hash(schedule)},
               {"status", to_string(schedule.status)},
               {"next", micros_of(schedule.next_execution)},
               {"planned_until", micros_of(schedule.planned_until)},
               {"planned_count", schedule.planned_count},
               {"micros", micros}};
  if (schedule.event_payload) {
    const auto visible = visible_payload(*schedule.event_payload);
    const auto again =
        visible ? mongo::json_of_document(visible->bytes(), kMostVisibleBytes) : fail(Code::internal, "");
    if (!again || *again != *schedule.event_payload) out.add("event_payload", *schedule.event_payload);
  }
  if (headers_in(visible_headers(schedule.event_headers).bytes()) != schedule.event_headers) {
    Array kept;
    for (const auto& [name, value] : schedule.event_headers) kept.add(Array{name, value});
    out.add("event_headers", kept);
  }
  if (!refusal.fault.empty()) out.add("refused", refusal.fault);
  if (!refusal.alias.empty()) out.add("alias", refusal.alias);
  return out;
}

void append_fields(Document& to, const Document& more) {
  const auto bytes = more.bytes();
  mongo::Reader reader(bytes);
  while (auto element = reader.next()) to.add(element->name, *element);
}

}  // namespace schedules
