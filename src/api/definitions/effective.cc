#include "api/definitions/effective.h"

#include <boost/json.hpp>

#include "api/schedules/schedule_input.h"

namespace schedules::api {
namespace {

namespace bj = boost::json;

std::string text_of(const bj::object& body, std::string_view key, std::string fallback = "") {
  const auto* value = body.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::move(fallback);
}

int64_t whole_of(const bj::object& body, std::string_view key, int64_t fallback) {
  const auto* value = body.if_contains(key);
  if (value == nullptr) return fallback;
  if (value->is_int64()) return value->get_int64();
  return value->is_double() ? static_cast<int64_t>(value->get_double()) : fallback;
}

bj::object parsed(const std::string& text) {
  boost::system::error_code bad;
  auto value = bj::parse(text, bad);
  return !bad && value.is_object() ? std::move(value.get_object()) : bj::object();
}

// Declared in code, where a function of the program takes it: nothing that a request could ask for.
bool takes_handler(const bj::object& body) {
  const auto* target = body.if_contains("target");
  return target != nullptr && target->is_object() &&
         text_of(target->get_object(), "type") == to_string(TargetKind::handler);
}

// The declared fields, with the overrides over them.
std::string effective_body(const StoredDefinition& definition) {
  auto body = parsed(definition.declared);
  if (takes_handler(body)) body.erase("target");
  body["name"] = definition.event_name;
  body["owner"] = definition.module_name;
  if (definition.manual_payload) body["event_payload"] = parsed(*definition.manual_payload);
  if (definition.manual_cron) {
    body["cron_expression"] = *definition.manual_cron;
    body["every_seconds"] = nullptr;
    body["execution_time"] = nullptr;
    body["one_time"] = false;
  }
  return bj::serialize(body);
}

void settle_status(const StoredDefinition& definition, Schedule& schedule) {
  const bool ours = schedule.note == kRemoved || schedule.note == kDisabled;
  if (!is_active(definition)) {
    if (schedule.status == ScheduleStatus::disabled && !ours) return;  // an operator's own
    schedule.status = ScheduleStatus::disabled;
    schedule.note = definition.last_error == kRemoved ? kRemoved : kDisabled;
  } else if (schedule.status == ScheduleStatus::disabled && ours) {
    schedule.status = ScheduleStatus::active;
    schedule.note.clear();
  }
}

}  // namespace

StoredDefinition record_of(const Definition& declared) {
  const auto body = parsed(declared.body);
  StoredDefinition record;
  record.class_name = declared.class_name;
  record.event_name = declared.name;
  record.module_name = declared.owner;
  record.entity_type = text_of(body, "event_type");
  record.action = text_of(body, "event_action");
  record.cron_expression = text_of(body, "cron_expression");
  record.timezone = text_of(body, "timezone", "UTC");
  if (auto text = text_of(body, "description"); !text.empty()) record.description = std::move(text);
  if (const auto* payload = body.if_contains("event_payload"); payload != nullptr && payload->is_object()) {
    record.payload = bj::serialize(*payload);
  }
  record.actor_type = text_of(body, "actor_type", "system");
  record.actor_id = text_of(body, "actor_id", "scheduler");
  record.max_retries = static_cast<uint32_t>(std::clamp<int64_t>(whole_of(body, "max_retries", 3), 0, 1'000));
  record.retry_delay = std::chrono::seconds(whole_of(body, "retry_delay_seconds", 60));
  record.declared = declared.body;
  return record;
}

bool is_active(const StoredDefinition& definition) {
  // One that is no longer declared cannot be switched on by an override.
  if (definition.last_error == kRemoved) return false;
  return definition.manual_status.value_or(definition.status) == DefinitionStatus::active;
}

Status shape(const StoredDefinition& definition, bool is_new, Schedule& schedule) {
  const auto body = effective_body(definition);
  json::Document document;
  if (auto read = document.read(body); !read) return fail(read.error());
  Faults faults;
  read_schedule(document, is_new ? WriteMode::create : WriteMode::update, schedule, faults);
  if (faults.any()) return fail(faults.error());
  if (takes_handler(parsed(definition.declared))) schedule.target = Target{.kind = TargetKind::handler, .url = ""};
  schedule.owner = definition.module_name;
  settle_status(definition, schedule);
  return {};
}

}  // namespace schedules::api
