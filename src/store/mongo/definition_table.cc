#include "store/mongo/definition_table.h"

#include <algorithm>
#include <map>

#include "base/ids.h"
#include "mongo/errors.h"
#include "store/mongo/definition_document.h"
#include "store/mongo/layout.h"
#include "store/mongo/schedule_document.h"

namespace schedules {
namespace {

using mongo::Document;
using mongo::Write;

constexpr int kTries = 4;

// 24 hex digits that the class name decides, so that two nodes make one.
std::string id_of(std::string_view class_name) {
  std::string text = derived_id(fmt::format("definition:{}", class_name)).text();
  std::erase(text, '-');
  return text.substr(0, 24);
}

Document by_class(const std::string& class_name) { return {{"event_class_name", class_name}}; }

Result<std::vector<StoredDefinition>> read_all(mongo::Connection& mongo, Document filter) {
  std::vector<StoredDefinition> found;
  auto done = mongo.find({.collection = collections::kDefinitions,
                          .filter = std::move(filter),
                          .sort = {{"event_name", 1}, {"_id", 1}},
                          .projection = {}},
                         [&](std::string_view document) -> Status {
                           found.push_back(read_definition(document));
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  return found;
}

// Whether the two differ in more than the time of the last sync.
bool differ(const StoredDefinition& a, const StoredDefinition& b) {
  const auto parts = [](const StoredDefinition& one) {
    return std::tie(one.class_name, one.event_name, one.module_name, one.entity_type, one.action, one.cron_expression,
                    one.timezone, one.description, one.payload, one.actor_type, one.actor_id, one.max_retries,
                    one.retry_delay, one.status, one.declared, one.schedule_id, one.last_error);
  };
  return parts(a) != parts(b);
}

using ByClass = std::map<std::string, StoredDefinition>;

Status names_are_free(const std::vector<StoredDefinition>& definitions, const ByClass& stored) {
  std::map<std::string, std::string> class_of;  // by event name, as it would be afterwards
  for (const auto& [class_name, one] : stored) class_of[one.event_name] = class_name;
  for (const auto& one : definitions) {
    if (const auto old = stored.find(one.class_name); old != stored.end()) class_of.erase(old->second.event_name);
  }
  for (const auto& one : definitions) {
    const auto [other, fresh] = class_of.emplace(one.event_name, one.class_name);
    if (!fresh && other->second != one.class_name) {
      return fail_field(Code::already_exists, "event_name", "the event name {} is {}'s", one.event_name, other->second);
    }
  }
  return {};
}

/// Out of the way of those that swap names: each name is unique at every moment.
std::vector<Write> renames(const std::vector<StoredDefinition>& definitions, const ByClass& stored) {
  std::vector<Write> writes;
  for (const auto& one : definitions) {
    const auto old = stored.find(one.class_name);
    if (old == stored.end() || old->second.event_name == one.event_name) continue;
    writes.push_back({.filter = by_class(one.class_name),
                      .document = {{"$set", Document{{"event_name", fmt::format("{} (renamed)", one.class_name)}}}}});
  }
  return writes;
}

Write upsert_of(const StoredDefinition& next, bool is_new) {
  Document set = declared_fields(next);
  set.add("updated_at", next.updated_at).add("updated_us", to_micros(next.updated_at));
  Document change{{"$set", set}};
  if (is_new) {
    Document first{{"_id", mongo::ObjectId{next.id}}};
    const auto more = override_fields(next).bytes();
    for (mongo::Reader reader(more); auto element = reader.next();) {
      if (!element->name.starts_with("updated_")) first.add(element->name, *element);
    }
    append_fields(first, fresh_counters());
    change.add("$setOnInsert", first);
  }
  return {.filter = by_class(next.class_name), .document = std::move(change), .upsert = is_new};
}

Result<std::vector<StoredDefinition>> upsert_once(mongo::Connection& mongo,
                                                  const std::vector<StoredDefinition>& definitions) {
  auto all = read_all(mongo, {});
  if (!all) return fail(std::move(all.error()));
  ByClass stored;
  for (auto& one : *all) stored.emplace(one.class_name, std::move(one));
  if (auto free = names_are_free(definitions, stored); !free) return fail(std::move(free.error()));
  std::vector<StoredDefinition> out;
  std::vector<Write> writes = renames(definitions, stored);
  for (const auto& one : definitions) {
    StoredDefinition next = one;
    next.id = id_of(one.class_name);
    next.created_at = one.updated_at;
    const auto old = stored.find(one.class_name);
    if (old != stored.end()) {
      next.id = old->second.id;
      next.created_at = old->second.created_at;
      next.updated_at = differ(next, old->second) ? one.updated_at : old->second.updated_at;
      next.manual_payload = old->second.manual_payload;
      next.manual_cron = old->second.manual_cron;
      next.manual_status = old->second.manual_status;
    }
    writes.push_back(upsert_of(next, old == stored.end()));
    out.push_back(std::move(next));
  }
  auto done = mongo.write(collections::kDefinitions, writes, mongo::Order::ordered);
  if (!done) return fail(std::move(done.error()));
  return out;
}

}  // namespace

Result<std::vector<StoredDefinition>> upsert_definitions(mongo::Connection& mongo,
                                                         const std::vector<StoredDefinition>& definitions) {
  // Another node may write the same at the same time: what it has made is seen at the second look.
  for (int tries = kTries;; --tries) {
    auto done = upsert_once(mongo, definitions);
    const bool raced = !done && done.error().code == Code::already_exists && done.error().field.empty();
    if (!raced || tries == 0) return done;
  }
}

Result<std::vector<StoredDefinition>> list_definitions(mongo::Connection& mongo, const std::string& module_name) {
  return read_all(mongo, module_name.empty() ? Document{} : Document{{"module_name", module_name}});
}

Result<std::optional<StoredDefinition>> get_definition(mongo::Connection& mongo, const std::string& name) {
  auto found = mongo.find_one({.collection = collections::kDefinitions, .filter = by_class(name)});
  if (found && !*found) {
    found = mongo.find_one({.collection = collections::kDefinitions, .filter = {{"event_name", name}}});
  }
  if (!found) return fail(std::move(found.error()));
  if (!*found) return std::nullopt;
  return read_definition(**found);
}

Result<StoredDefinition> override_definition(mongo::Connection& mongo, const std::string& name,
                                             const DefinitionOverrides& overrides) {
  const auto found = get_definition(mongo, name);
  if (!found) return fail(found.error());
  if (!*found) return fail(Code::not_found, "there is no definition {}", name);
  StoredDefinition one = **found;
  if (overrides.payload) one.manual_payload = *overrides.payload;
  if (overrides.cron) one.manual_cron = *overrides.cron;
  if (overrides.status) one.manual_status = *overrides.status;
  one.updated_at = overrides.at;
  // Only what is said: another one may be set at the same time.
  Document set;
  const auto fields = override_fields(one).bytes();
  for (mongo::Reader reader(fields); auto element = reader.next();) {
    const bool said = element->name.starts_with("updated_") ||
                      (overrides.payload && element->name.starts_with("manual_payload_")) ||
                      (overrides.cron && element->name == "manual_cron_override") ||
                      (overrides.status && element->name == "manual_status_override");
    if (said) set.add(element->name, *element);
  }
  auto stored = mongo.find_and_modify({.collection = collections::kDefinitions,
                                       .filter = by_class(one.class_name),
                                       .update = {{"$set", set}},
                                       .projection = {}});
  if (!stored) return fail(std::move(stored.error()));
  if (!*stored) return fail(Code::not_found, "there is no definition {}", name);
  return read_definition(**stored);
}

Result<bool> drop_definition(mongo::Connection& mongo, const std::string& class_name) {
  auto removed = mongo.remove(collections::kDefinitions, by_class(class_name));
  if (!removed) return fail(std::move(removed.error()));
  return removed->removed > 0;
}

}  // namespace schedules
