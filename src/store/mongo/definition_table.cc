#include "store/mongo/definition_table.h"

#include <algorithm>

#include "mongo/errors.h"
#include "store/definition_merge.h"
#include "store/mongo/definition_document.h"
#include "store/mongo/layout.h"
#include "store/mongo/schedule_document.h"

namespace schedules {
namespace {

using mongo::Document;
using mongo::Write;

constexpr int kDefinitionTries = 4;

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

/// Out of the way of those that swap names: each name is unique at every moment.
std::vector<Write> renames(const std::vector<StoredDefinition>& definitions, const DefinitionsByClass& stored) {
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
  DefinitionsByClass stored;
  for (auto& one : *all) stored.emplace(one.class_name, std::move(one));
  auto merged = merge_definitions(definitions, stored);
  if (!merged) return merged;
  std::vector<Write> writes = renames(definitions, stored);
  for (const auto& next : *merged) writes.push_back(upsert_of(next, !stored.contains(next.class_name)));
  auto done = mongo.write(collections::kDefinitions, writes, mongo::Order::ordered);
  if (!done) return fail(std::move(done.error()));
  return merged;
}

}  // namespace

Result<std::vector<StoredDefinition>> upsert_definitions(mongo::Connection& mongo,
                                                         const std::vector<StoredDefinition>& definitions) {
  // Another node may write the same at the same time: what it has made is seen at the second look.
  for (int tries = kDefinitionTries;; --tries) {
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
