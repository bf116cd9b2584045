#include "store/mongo/indexes.h"

#include "base/log.h"
#include "mongo/errors.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Document;

constexpr const char* kHistoryField = "execution_time";
constexpr const char* kHistoryIndex = "execution_time_1";

const std::vector<MongoIndex>& all() {
  namespace c = collections;
  static const std::vector<MongoIndex> indexes{
      {c::kSchedules, {{"name", 1}}, true},
      {c::kSchedules, {{"event_type", 1}, {"event_action", 1}}},
      {c::kSchedules, {{"status", 1}, {"next_execution", 1}}},
      {c::kSchedules, {{"tags", 1}}},
      {c::kSchedules, {{"created_by", 1}}},
      {c::kSchedules, {{"created_at", 1}, {"_id", 1}}},
      {c::kSchedules, {{"owner", 1}}},
      {c::kExecutions, {{"schedule_id", 1}, {"execution_time", 1}}},
      {c::kExecutions, {{"schedule_id", 1}, {"status", 1}}},
      {c::kExecutions, {{"status", 1}}},
      {c::kExecutions, {{"clickhouse_schedule_id", 1}}},
      {c::kDefinitions, {{"event_class_name", 1}}, true},
      {c::kDefinitions, {{"event_name", 1}}, true},
      {c::kDefinitions, {{"entity_type", 1}, {"action", 1}}},
      {c::kDefinitions, {{"module_name", 1}}},
      {c::kDefinitions, {{"status", 1}, {"next_execution_at", 1}}},
      {c::kDefinitions, {{"created_at", 1}}},
      {c::kDefinitions, {{"updated_at", 1}}},
      {c::kDefinitions, {{"schedule_id", 1}}},
      {c::kDeadLetters, {{"died_us", -1}, {"_id", -1}}},
      {c::kDeadLetters, {{"topic", 1}, {"died_us", -1}}},
      {c::kDeadLetters, {{"reason", 1}, {"died_us", -1}}},
      {c::kDeadLetters, {{"schedule_id", 1}, {"died_us", -1}}},
      {c::kAlerts, {{"opened_us", -1}, {"_id", -1}}},
      {c::kAlerts, {{"schedule_id", 1}}},
      {c::kAudit, {{"at_us", -1}, {"_id", -1}}},
      {c::kAudit, {{"object_id", 1}, {"at_us", -1}, {"_id", -1}}},
      {c::kAudit, {{"actor", 1}, {"at_us", -1}, {"_id", -1}}},
  };
  return indexes;
}

Document command_of(const char* collection, Document index) {
  return Document{{"createIndexes", collection}, {"indexes", mongo::Array{index}}};
}

}  // namespace

std::string MongoIndex::name() const {
  std::string out;
  for (const auto& [field, direction] : keys) out += fmt::format("{}{}_{}", out.empty() ? "" : "_", field, direction);
  return out;
}

std::span<const MongoIndex> mongo_indexes() { return all(); }

Result<bool> make_index(mongo::Connection& mongo, const MongoIndex& index) {
  Document keys;
  for (const auto& [field, direction] : index.keys) keys.add(field, direction);
  Document wanted{{"key", keys}, {"name", index.name()}};
  if (index.unique) wanted.add("unique", true);
  const auto made = mongo.command(command_of(index.collection, wanted));
  if (made) return true;
  const auto code = mongo::server_code(made.error());
  const bool differs = code == mongo::kIndexOptionsConflict || code == mongo::kIndexKeySpecsConflict;
  const bool doubled = made.error().code == Code::already_exists;
  if (!differs && !doubled) return fail(made.error());
  // Somebody's index of the same keys serves as well, but that it may not be unique.
  if (index.unique || doubled) {
    log::error("mongo.index_not_made",
               {{"collection", index.collection}, {"index", index.name()}, {"error", made.error().detail}});
    return false;
  }
  log::info("mongo.index_differs", {{"collection", index.collection}, {"index", index.name()}});
  return true;
}

Status make_history_ttl(mongo::Connection& mongo, std::chrono::days ttl) {
  const auto seconds = int64_t{std::chrono::seconds(ttl).count()};
  const auto listed = mongo.command(Document{{"listIndexes", collections::kExecutions}});
  if (!listed && mongo::server_code(listed.error()) != mongo::kNamespaceNotFound) return fail(listed.error());
  const auto batch = listed ? mongo::find(*listed, "cursor.firstBatch") : std::nullopt;
  if (batch && batch->array()) {
    for (mongo::Reader reader(*batch->array()); auto entry = reader.next();) {
      const auto index = entry->document();
      const auto name = index ? mongo::find(*index, "name") : std::nullopt;
      if (!name || name->text() != kHistoryIndex) continue;
      const auto expires = mongo::find(*index, "expireAfterSeconds");
      if (expires && expires->integer() == seconds) return {};
      const auto dropped = mongo.command(Document{{"dropIndexes", collections::kExecutions}, {"index", kHistoryIndex}});
      if (!dropped && mongo::server_code(dropped.error()) != mongo::kIndexNotFound) return fail(dropped.error());
    }
  }
  const auto made = mongo.command(command_of(
      collections::kExecutions,
      Document{{"key", Document{{kHistoryField, 1}}}, {"name", kHistoryIndex}, {"expireAfterSeconds", seconds}}));
  if (made) return {};
  const auto code = mongo::server_code(made.error());
  // Another node has just made it, or somebody has one under another name.
  if (code == mongo::kIndexOptionsConflict || code == mongo::kIndexKeySpecsConflict) return {};
  return fail(made.error());
}

}  // namespace schedules
