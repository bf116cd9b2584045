#include "store/mongo/definition_document.h"

#include "base/text.h"
#include "mongo/json.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/schedule_document.h"
#include "store/mongo/schedule_parts.h"

namespace schedules {
namespace {

using mongo::Document;
using mongo::Value;

Value visible(const std::optional<std::string>& json) {
  const auto document = json ? visible_payload(*json) : std::nullopt;
  return document ? Value(*document) : Value(nullptr);
}

std::optional<int64_t> micros(const std::optional<TimePoint>& time) {
  return time ? std::optional(to_micros(*time)) : std::nullopt;
}

/// Payloads as text, where the document beside still says the same.
void read_payload(FieldReader& in, std::string_view name, std::string_view kept_name,
                  std::optional<std::string>& value) {
  const auto* element = in.find(name);
  const auto document = element != nullptr ? element->document() : std::nullopt;
  const auto* kept_element = in.find(kept_name);
  const auto kept = kept_element != nullptr ? kept_element->text() : std::nullopt;
  if (kept && is_valid_utf8(*kept)) {
    const auto shown = visible_payload(std::string(*kept));
    const bool same = shown ? document && shown->bytes() == *document : element == nullptr;
    if (same) {
      value = std::string(*kept);
      return;
    }
  }
  value.reset();
  if (element == nullptr) return;
  if (!document) return in.add_fault("{} is {}, not a document", name, mongo::to_string(element->type));
  auto json = mongo::json_of_document(*document, kMaxBodyBytes);
  if (!json) return in.add_fault("{} {}", name, json.error().detail);
  value = std::move(*json);
}

std::optional<TimePoint> read_time(FieldReader& in, std::string_view name, std::string_view exact_name) {
  std::optional<int64_t> exact;
  in.number(exact_name, exact);
  std::optional<TimePoint> time;
  in.time(name, time, exact);
  return time;
}

std::string id_in(const FieldReader& in) {
  const auto* element = in.find("_id");
  return element != nullptr ? element->object_id().value_or("") : "";
}

void read_overrides(FieldReader& in, StoredDefinition& one) {
  read_payload(in, "manual_payload_override", "manual_payload_text", one.manual_payload);
  in.text("manual_cron_override", one.manual_cron);
  if (in.find("manual_status_override") == nullptr) return;
  DefinitionStatus status = DefinitionStatus::active;
  in.word("manual_status_override", status, parse_definition_status);
  one.manual_status = status;
}

}  // namespace

StoredDefinition read_definition(std::string_view document) {
  FieldReader in(document);
  StoredDefinition one;
  one.id = id_in(in);
  in.text("event_class_name", one.class_name);
  in.text("event_name", one.event_name);
  in.text("module_name", one.module_name);
  in.text("entity_type", one.entity_type);
  in.text("action", one.action);
  in.text("cron_expression", one.cron_expression);
  in.text("timezone", one.timezone);
  in.text("description", one.description);
  std::optional<std::string> payload;
  read_payload(in, "payload", "payload_text", payload);
  one.payload = payload.value_or("{}");
  in.text("actor_type", one.actor_type);
  in.text("actor_id", one.actor_id);
  in.number("max_retries", one.max_retries);
  in.whole_seconds("retry_delay_seconds", one.retry_delay);
  in.word("status", one.status, parse_definition_status);
  one.declared = "{}";
  in.text("declared", one.declared);
  in.text("schedule_id", one.schedule_id);
  in.text("last_error", one.last_error);
  read_overrides(in, one);
  one.last_sync_at = read_time(in, "last_sync_at", "last_sync_us");
  one.created_at = read_time(in, "created_at", "created_us").value_or(from_micros(0));
  one.updated_at = read_time(in, "updated_at", "updated_us").value_or(one.created_at);
  for (const std::string_view name : {"event_class_name", "event_name", "entity_type", "action"}) in.require(name);
  if (in.fault().empty()) return one;
  one.status = DefinitionStatus::disabled;
  one.manual_status = DefinitionStatus::disabled;
  one.last_error = std::string(kRefused) + in.fault();
  return one;
}

Document declared_fields(const StoredDefinition& one) {
  return {{"event_class_name", one.class_name},
          {"event_name", one.event_name},
          {"module_name", one.module_name},
          {"entity_type", one.entity_type},
          {"action", one.action},
          {"cron_expression", one.cron_expression},
          {"timezone", one.timezone},
          {"description", one.description},
          {"payload", visible(one.payload)},
          {"payload_text", one.payload},
          {"actor_type", one.actor_type},
          {"actor_id", one.actor_id},
          {"max_retries", one.max_retries},
          {"retry_delay_seconds", int64_t{one.retry_delay.count()}},
          {"status", to_string(one.status)},
          {"declared", one.declared},
          {"schedule_id", one.schedule_id},
          {"last_error", one.last_error},
          {"last_sync_at", one.last_sync_at},
          {"last_sync_us", micros(one.last_sync_at)}};
}

Document override_fields(const StoredDefinition& one) {
  return {{"manual_payload_override", visible(one.manual_payload)},
          {"manual_payload_text", one.manual_payload},
          {"manual_cron_override", one.manual_cron},
          {"manual_status_override", one.manual_status ? Value(to_string(*one.manual_status)) : Value(nullptr)},
          {"created_at", one.created_at},
          {"created_us", to_micros(one.created_at)},
          {"updated_at", one.updated_at},
          {"updated_us", to_micros(one.updated_at)}};
}

Document fresh_counters() {
  return {{"last_execution_at", nullptr}, {"next_execution_at", nullptr}, {"execution_count", 0}, {"error_count", 0}};
}

}  // namespace schedules
