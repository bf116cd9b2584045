#include "store/sqlite/definition_table.h"

#include "store/definition_merge.h"

namespace schedules::sqlite {
namespace {

constexpr std::string_view kDefinitionColumns =
    "id, class_name, event_name, module_name, entity_type, action, cron_expression, timezone, description, payload, "
    "actor_type, actor_id, max_retries, retry_delay, status, declared, schedule_id, last_error, manual_payload, "
    "manual_cron, manual_status, last_sync_at, created_at, updated_at";

std::optional<DefinitionStatus> optional_status(const Query& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return static_cast<DefinitionStatus>(row.integer(column));
}

StoredDefinition read_row(const Query& row) {
  StoredDefinition one;
  one.id = row.text(0);
  one.class_name = row.text(1);
  one.event_name = row.text(2);
  one.module_name = row.text(3);
  one.entity_type = row.text(4);
  one.action = row.text(5);
  one.cron_expression = row.text(6);
  one.timezone = row.text(7);
  one.description = row.optional_text(8);
  one.payload = row.text(9);
  one.actor_type = row.text(10);
  one.actor_id = row.text(11);
  one.max_retries = static_cast<uint32_t>(row.integer(12));
  one.retry_delay = std::chrono::seconds(row.integer(13));
  one.status = static_cast<DefinitionStatus>(row.integer(14));
  one.declared = row.text(15);
  one.schedule_id = row.text(16);
  one.last_error = row.optional_text(17);
  one.manual_payload = row.optional_text(18);
  one.manual_cron = row.optional_text(19);
  one.manual_status = optional_status(row, 20);
  one.last_sync_at = row.optional_time(21);
  one.created_at = row.time(22);
  one.updated_at = row.time(23);
  return one;
}

Status insert(Database& database, const StoredDefinition& one) {
  return database
      .query(fmt::format("INSERT INTO definitions({}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,"
                         "?17,?18,?19,?20,?21,?22,?23,?24)",
                         kDefinitionColumns),
             {one.id,
              one.class_name,
              one.event_name,
              one.module_name,
              one.entity_type,
              one.action,
              one.cron_expression,
              one.timezone,
              one.description,
              one.payload,
              one.actor_type,
              one.actor_id,
              one.max_retries,
              one.retry_delay.count(),
              one.status,
              one.declared,
              one.schedule_id,
              one.last_error,
              one.manual_payload,
              one.manual_cron,
              one.manual_status,
              one.last_sync_at,
              one.created_at,
              one.updated_at})
      .end();
}

Result<std::optional<StoredDefinition>> first_row(Query row) {
  std::optional<StoredDefinition> found;
  if (row.step()) found = read_row(row);
  if (auto done = row.end(); !done) return fail(std::move(done.error()));
  return found;
}

}  // namespace

Result<std::vector<StoredDefinition>> list_definitions(Database& database, const std::string& module_name) {
  auto rows =
      database.query(fmt::format("SELECT {} FROM definitions WHERE ?1 = '' OR module_name = ?1 ORDER BY event_name",
                                 kDefinitionColumns),
                     {module_name});
  std::vector<StoredDefinition> out;
  while (rows.step()) out.push_back(read_row(rows));
  if (auto done = rows.end(); !done) return fail(std::move(done.error()));
  return out;
}

Result<std::optional<StoredDefinition>> get_definition(Database& database, const std::string& name) {
  return first_row(database.query(
      fmt::format("SELECT {} FROM definitions WHERE class_name = ?1 OR event_name = ?1 ORDER BY class_name = ?1 DESC "
                  "LIMIT 1",
                  kDefinitionColumns),
      {name}));
}

Result<std::vector<StoredDefinition>> upsert_definitions(Database& database,
                                                         const std::vector<StoredDefinition>& definitions) {
  auto all = list_definitions(database, "");
  if (!all) return fail(std::move(all.error()));
  DefinitionsByClass stored;
  for (auto& one : *all) stored.emplace(one.class_name, std::move(one));
  auto merged = merge_definitions(definitions, stored);
  if (!merged) return merged;
  for (const auto& one : definitions) {
    auto gone = database.query("DELETE FROM definitions WHERE class_name = ?1", {one.class_name}).end();
    if (!gone) return fail(std::move(gone.error()));
  }
  for (const auto& next : *merged) {
    if (auto done = insert(database, next); !done) return fail(std::move(done.error()));
  }
  return merged;
}

Result<StoredDefinition> override_definition(Database& database, const std::string& name,
                                             const DefinitionOverrides& overrides) {
  auto found = get_definition(database, name);
  if (!found) return fail(std::move(found.error()));
  if (!*found) return fail(Code::not_found, "there is no definition {}", name);
  StoredDefinition& one = **found;
  if (overrides.payload) one.manual_payload = *overrides.payload;
  if (overrides.cron) one.manual_cron = *overrides.cron;
  if (overrides.status) one.manual_status = *overrides.status;
  one.updated_at = overrides.at;
  auto done = database
                  .query(
                      "UPDATE definitions SET manual_payload = ?2, manual_cron = ?3, manual_status = ?4, "
                      "updated_at = ?5 WHERE class_name = ?1",
                      {one.class_name, one.manual_payload, one.manual_cron, one.manual_status, one.updated_at})
                  .end();
  if (!done) return fail(std::move(done.error()));
  return std::move(one);
}

Result<bool> drop_definition(Database& database, const std::string& class_name) {
  auto done = database.query("DELETE FROM definitions WHERE class_name = ?1", {class_name}).end();
  if (!done) return fail(std::move(done.error()));
  return database.changes() > 0;
}

}  // namespace schedules::sqlite
