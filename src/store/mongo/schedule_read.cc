// Document → schedule.
#include <charconv>

#include "base/ids.h"
#include "base/text.h"
#include "mongo/json.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/schedule_document.h"
#include "store/mongo/schedule_fields.h"
#include "store/mongo/schedule_parts.h"

namespace schedules {
namespace {

using mongo::Element;

/// Reads each field; exact times and texts come from the bookkeeping where they still are those of the document.
class Decoder {
 public:
  Decoder(FieldReader& in, std::string_view bookkeeping) : in_(in), kept_(bookkeeping) {}

  void text(std::string_view name, std::string& value) { in_.text(name, value); }
  void text(std::string_view name, std::optional<std::string>& value) { in_.text(name, value); }
  void text_or_empty(std::string_view name, std::optional<std::string>& value) {
    in_.text(name, value);
    if (value && value->empty()) value.reset();
  }
  void boolean(std::string_view name, bool& value) { in_.boolean(name, value); }
  void real(std::string_view name, double& value) { in_.real(name, value); }
  void number(std::string_view name, auto& value) { in_.number(name, value); }
  void seconds(std::string_view name, Duration& value) { in_.seconds(name, value); }
  void optional_seconds(std::string_view name, std::optional<Duration>& value) {
    if (in_.find(name) == nullptr) return;
    in_.seconds(name, value.emplace());
  }
  void whole_seconds(std::string_view name, auto& value) { in_.whole_seconds(name, value); }
  void time(std::string_view name, std::optional<TimePoint>& value) { in_.time(name, value, kept_micros(name)); }
  void words(std::string_view name, std::vector<std::string>& values) { in_.words(name, values); }
  void word(std::string_view name, auto& value, auto parse) { in_.word(name, value, parse); }

  void target(std::string_view name, Target& value) {
    const auto* element = in_.find(name);
    if (element == nullptr) return;
    const auto inner = element->document();
    if (!inner) return in_.add_fault("{} is {}, not a document", name, mongo::to_string(element->type));
    FieldReader reader(*inner);
    reader.word("type", value.kind, parse_target_kind);
    reader.text("url", value.url);
    if (!reader.fault().empty()) in_.add_fault("{}: {}", name, reader.fault());
  }

  void alerts(std::string_view name, AlertPolicy& value) {
    const auto* element = in_.find(name);
    if (element == nullptr) return;
    const auto inner = element->document();
    if (!inner) return in_.add_fault("{} is {}, not a document", name, mongo::to_string(element->type));
    FieldReader reader(*inner);
    reader.text("url", value.url);
    if (reader.find("on_failure") != nullptr || reader.find("on_silence") != nullptr) {
      auto& on = value.on.emplace();
      reader.boolean("on_failure", on.failure);
      reader.boolean("on_silence", on.silence);
    }
    reader.number("after_failures", value.after_failures);
    reader.whole_seconds("grace_seconds", value.grace);
    reader.whole_seconds("reminder_seconds", value.reminder);
    if (!reader.fault().empty()) in_.add_fault("{}: {}", name, reader.fault());
  }

  void payload(std::string_view name, std::optional<std::string>& value) {
    const auto* element = in_.find(name);
    const auto kept = kept_text(name);
    const auto document = element != nullptr ? element->document() : std::nullopt;
    if (kept) {
      const auto visible = visible_payload(*kept);
      const bool same = visible ? document && visible->bytes() == *document : element == nullptr;
      if (same) {
        value = *kept;
        return;
      }
    }
    if (element == nullptr) return;
    if (!document) return in_.add_fault("{} is {}, not a document", name, mongo::to_string(element->type));
    auto json = mongo::json_of_document(*document, kMaxBodyBytes);
    if (!json) return in_.add_fault("{} {}", name, json.error().detail);
    value = std::move(*json);
  }

  void headers(std::string_view name, Headers& value) {
    const auto* element = in_.find(name);
    if (const auto kept = kept_headers(name)) {
      const auto visible = visible_headers(*kept);
      const bool same = element != nullptr && element->document() == visible.bytes();
      if (same) {
        value = *kept;
        return;
      }
    }
    if (element == nullptr) return;
    const auto document = element->document();
    if (!document) return in_.add_fault("{} is {}, not a document", name, mongo::to_string(element->type));
    auto read = headers_in(*document);
    if (!read) return in_.add_fault("{} has something in it that is not text", name);
    value = std::move(*read);
  }

 private:
  [[nodiscard]] std::optional<int64_t> kept_micros(std::string_view name) const {
    const auto element = mongo::find(kept_, fmt::format("micros.{}", name));
    return element ? element->integer() : std::nullopt;
  }
  [[nodiscard]] std::optional<std::string> kept_text(std::string_view name) const {
    const auto element = mongo::find(kept_, name);
    const auto text = element ? element->text() : std::nullopt;
    return text && is_valid_utf8(*text) ? std::optional(std::string(*text)) : std::nullopt;
  }
  [[nodiscard]] std::optional<Headers> kept_headers(std::string_view name) const {
    const auto element = mongo::find(kept_, name);
    const auto list = element ? element->array() : std::nullopt;
    if (!list) return std::nullopt;
    Headers headers;
    mongo::Reader reader(*list);
    while (auto pair = reader.next()) {
      const auto inner = pair->array();
      if (!inner) return std::nullopt;
      const auto key = mongo::find(*inner, "0");
      const auto value = mongo::find(*inner, "1");
      if (!key || !value || !key->text() || !value->text()) return std::nullopt;
      headers.emplace_back(*key->text(), *value->text());
    }
    return headers;
  }

  FieldReader& in_;
  std::string_view kept_;
};

// Seconds of 1970 stand in an ObjectId's first four bytes.
TimePoint made_at(std::string_view object_id) {
  uint32_t seconds = 0;
  std::from_chars(object_id.data(), object_id.data() + 8, seconds, 16);
  return from_micros(int64_t{seconds} * 1'000'000);
}

void read_id(FieldReader& in, Schedule& schedule) {
  const auto* element = in.find("_id");
  if (element != nullptr && element->object_id()) {
    schedule.id = *element->object_id();
    return;
  }
  std::string text = derived_id(fmt::format("_id:{}", element != nullptr ? element->bytes : std::string_view())).text();
  std::erase(text, '-');
  schedule.id = text.substr(0, 24);
  in.add_fault("_id is {}, not an ObjectId", element != nullptr ? mongo::to_string(element->type) : "missing");
}

std::optional<TimePoint> kept_time(std::string_view bookkeeping, std::string_view name) {
  const auto element = mongo::find(bookkeeping, name);
  const auto micros = element ? element->integer() : std::nullopt;
  return micros ? std::optional(from_micros(*micros)) : std::nullopt;
}

void read_state(FieldReader& in, std::string_view bookkeeping, Schedule& schedule) {
  in.time("next_execution", schedule.next_execution, [&]() -> std::optional<int64_t> {
    const auto next = kept_time(bookkeeping, "next");
    return next ? std::optional(to_micros(*next)) : std::nullopt;
  }());
  std::optional<int64_t> last_us;
  in.number("last_execution_us", last_us);
  in.time("last_execution", schedule.last_execution, last_us);
  std::optional<std::string> last;
  in.text("last_status", last);
  if (last) schedule.last_status = *last == "error" ? RunStatus::failure : parse_run_status(*last);
  in.text("last_error", schedule.last_error);
  in.number("execution_count", schedule.execution_count);
  in.number("error_count", schedule.error_count);
  const auto* revision = in.find("revision");
  const int64_t known = revision != nullptr ? revision->integer().value_or(0) : 0;
  schedule.revision = static_cast<uint64_t>(std::max<int64_t>(known, 0));
  schedule.planned_until = kept_time(bookkeeping, "planned_until");
  const auto count = mongo::find(bookkeeping, "planned_count");
  schedule.planned_count = static_cast<uint64_t>(std::max<int64_t>(count ? count->integer().value_or(0) : 0, 0));
}

int64_t integer_in(std::string_view bookkeeping, std::string_view name) {
  const auto element = mongo::find(bookkeeping, name);
  return element ? element->integer().value_or(0) : 0;
}

std::string text_in(std::string_view bookkeeping, std::string_view name) {
  const auto element = mongo::find(bookkeeping, name);
  const auto text = element ? element->text() : std::nullopt;
  return text ? std::string(*text) : std::string();
}

void compare_with_bookkeeping(FieldReader& in, std::string_view bookkeeping, ScheduleDocument& out) {
  const int64_t layout = integer_in(bookkeeping, "layout");
  out.ours = layout == kScheduleLayout && out.schedule.revision > 0;
  if (layout > kScheduleLayout) in.add_fault("bookkeeping is of layout {}, which a newer version wrote", layout);
  if (!out.ours) return;
  out.refused = text_in(bookkeeping, "refused");
  const auto next = kept_time(bookkeeping, "next");
  const auto& shown = out.schedule.next_execution;
  const bool plan_moved = next.has_value() != shown.has_value() || (next && floor_ms(*next) != floor_ms(*shown));
  const bool status_moved = text_in(bookkeeping, "status") != to_string(out.status);
  out.rule_edited = plan_moved || status_moved || integer_in(bookkeeping, "rule") != rule_hash(out.schedule);
  out.time_moved = kept_time(bookkeeping, "micros.execution_time") != out.schedule.execution_time;
  out.template_edited = integer_in(bookkeeping, "template") != template_hash(out.schedule);
}

}  // namespace

std::optional<Headers> headers_in(std::string_view document) {
  Headers headers;
  mongo::Reader reader(document);
  while (auto element = reader.next()) {
    if (!is_valid_utf8(element->name)) return std::nullopt;
    const auto text = element->text();
    if (text && is_valid_utf8(*text)) {
      headers.emplace_back(element->name, *text);
    } else if (const auto number = element->integer()) {
      headers.emplace_back(element->name, std::to_string(*number));
    } else {
      return std::nullopt;
    }
  }
  return reader.ok() ? std::optional(std::move(headers)) : std::nullopt;
}

ScheduleDocument read_schedule(std::string_view document) {
  ScheduleDocument out;
  Schedule& schedule = out.schedule;
  FieldReader in(document);
  const auto* kept = in.find("bookkeeping");
  const auto bookkeeping = kept != nullptr ? kept->document().value_or(std::string_view()) : std::string_view();
  schedule.revision = 0;
  read_id(in, schedule);
  Decoder decoder(in, bookkeeping);
  template_fields(decoder, schedule);
  rule_fields(decoder, schedule);
  for (const std::string_view name : {"name", "event_type", "event_action"}) in.require(name);
  in.word("status", schedule.status, parse_schedule_status);
  bool enabled = true;  // the original's first version had this instead
  if (!in.has("status")) in.boolean("enabled", enabled);
  if (!enabled) schedule.status = ScheduleStatus::paused;
  read_state(in, bookkeeping, schedule);
  std::optional<TimePoint> created;
  std::optional<TimePoint> updated;
  decoder.time("created_at", created);
  decoder.time("updated_at", updated);
  schedule.created_at = created.value_or(made_at(schedule.id));
  schedule.updated_at = updated.value_or(schedule.created_at);
  out.status = schedule.status;
  compare_with_bookkeeping(in, bookkeeping, out);
  out.fault = in.fault();
  if (out.fault.empty() && out.refused.empty()) return out;
  schedule.status = ScheduleStatus::disabled;
  schedule.next_execution.reset();
  schedule.last_error = std::string(kRefused) + (out.fault.empty() ? out.refused : out.fault);
  if (schedule.name.empty()) schedule.name = "unnamed " + schedule.id;
  return out;
}

}  // namespace schedules
