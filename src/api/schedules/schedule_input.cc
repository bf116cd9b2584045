#include "api/schedules/schedule_input.h"

#include "api/schedules/schedule_fields.h"

namespace schedules::api {
namespace {

bool is_given(const json::Document& document, std::string_view key) {
  const auto* value = document.find(key);
  return value != nullptr && value->kind != json::Kind::null;
}

bool is_true(const json::Document& document, std::string_view key) {
  const auto* value = document.find(key);
  return value != nullptr && (value->text == "true" || value->text == "1");
}

void require(const json::Document& document, std::string_view key, Faults& faults) {
  if (!is_given(document, key)) faults.add(Code::missing_field, key, fmt::format("{} is missing", key));
}

// An alias beside the canonical name is ignored.
bool is_shadowed(const json::Document& document, std::string_view key) {
  const std::string_view name = canonical_field(key);
  return name != key && document.find(name) != nullptr;
}

void check_rule_given(const json::Document& document, WriteMode mode, Faults& faults) {
  const bool cron = is_given(document, "cron_expression") && !document.find("cron_expression")->text.empty();
  if (is_true(document, "one_time") && cron)
    return faults.add(Code::invalid_argument, "cron_expression", "cron_expression does not go with one_time");
  if (mode == WriteMode::update) return;
  if (is_true(document, "one_time")) return require(document, "execution_time", faults);
  if (!cron && !is_given(document, "every_seconds") && !is_given(document, "execution_time"))
    faults.add(Code::missing_field, "cron_expression", "cron_expression is missing");
}

// The rule that is given replaces the one there was.
void settle_rule(const json::Document& document, Schedule& schedule) {
  if (schedule.cron_expression && schedule.cron_expression->empty()) schedule.cron_expression.reset();
  const bool cron = is_given(document, "cron_expression") && schedule.cron_expression;
  const bool every = is_given(document, "every_seconds");
  const bool once = is_given(document, "execution_time") || is_true(document, "one_time");
  if (cron + every + once != 1) return;
  if (!cron) schedule.cron_expression.reset();
  if (!every) schedule.every.reset();
  if (!once) schedule.execution_time.reset();
  if (document.find("one_time") == nullptr || !once) schedule.one_time = once;
}

}  // namespace

void read_schedule(const json::Document& document, WriteMode mode, Schedule& schedule, Faults& faults) {
  if (document.kind() != json::Kind::object) return faults.add(Code::wrong_type, "", "the body must be a JSON object");
  const auto null = mode == WriteMode::create ? NullMeaning::absent : NullMeaning::clear;
  for (const auto& member : document.members()) {
    if (is_shadowed(document, member.key)) continue;
    if (member.key == "status" && mode == WriteMode::create) continue;
    if (member.key == "enabled" && is_given(document, "status") && mode == WriteMode::update) continue;
    read_schedule_field(member, null, schedule, faults);
  }
  if (mode == WriteMode::create)
    for (const std::string_view key : {"name", "event_type", "event_action"}) require(document, key, faults);
  check_rule_given(document, mode, faults);
  settle_rule(document, schedule);
}

}  // namespace schedules::api
