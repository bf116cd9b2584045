#include "app/declared.h"

#include <mutex>

#include <boost/json.hpp>

#include "definitions/schedule_field.h"
#include "schedules/definition.h"

namespace schedules {
namespace {

namespace json = boost::json;

struct Registered {
  std::string class_name;
  ScheduledEventDefinition definition;
};

// Registration happens before main, in any order: so the registry is made by whoever comes first.
struct Registry {
  std::mutex mutex;
  std::vector<Registered> all;
};

Registry& registry() {
  static Registry one;
  return one;
}

Result<Definition> definition_of(const Registered& registered) {
  const auto& given = registered.definition;
  const std::string name = given.name.empty() ? given.entity_type + "." + given.action : given.name;
  boost::system::error_code bad;
  auto payload = json::parse(given.payload, bad);
  if (bad || !payload.is_object()) {
    return fail_field(Code::invalid_json, "payload", "{}: the payload is not a JSON object", registered.class_name);
  }
  json::object body;
  for (const auto& field : schedule_fields()) body[field.name] = json::parse(field.fallback);
  body["name"] = name;
  body["owner"] = given.module_name;
  body["event_type"] = given.entity_type;
  body["event_action"] = given.action;
  body["cron_expression"] = given.cron;
  if (!given.description.empty()) body["description"] = given.description;
  body["event_payload"] = std::move(payload);
  body["timezone"] = given.timezone;
  if (!given.topic.empty()) body["topic"] = given.topic;
  body["actor_type"] = given.actor_type;
  body["actor_id"] = given.actor_id;
  body["max_retries"] = given.max_retries;
  body["retry_delay_seconds"] = given.retry_delay.count();
  if (given.webhook_url.empty()) {
    body["target"] = json::object{{"type", "handler"}};
  } else {
    body["target"] = json::object{{"type", "webhook"}, {"url", given.webhook_url}};
  }
  return Definition{.name = name,
                    .class_name = registered.class_name,
                    .where = registered.class_name,
                    .owner = given.module_name,
                    .body = json::serialize(body)};
}

}  // namespace

bool register_definition(std::string class_name, ScheduledEventDefinition definition) {
  const std::scoped_lock lock(registry().mutex);
  registry().all.push_back({std::move(class_name), std::move(definition)});
  return true;
}

DefinitionFiles declared_in_code() {
  DefinitionFiles out;
  const std::scoped_lock lock(registry().mutex);
  for (const auto& one : registry().all) {
    DefinitionFiles single;
    if (auto definition = definition_of(one)) {
      single.definitions.push_back(std::move(*definition));
    } else {
      single.faults.push_back(std::move(definition.error()));
    }
    append(out, std::move(single));
  }
  return out;
}

}  // namespace schedules
