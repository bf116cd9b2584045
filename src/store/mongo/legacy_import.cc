#include "store/mongo/legacy_import.h"

#include "base/log.h"
#include "mongo/errors.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Document;
using mongo::Element;

constexpr std::chrono::minutes kForgottenAfter{5};  ///< an importer that has not been heard of for so long is gone

Document note_filter() { return {{"_id", "legacy_import"}}; }

bool is_done(std::string_view note) {
  const auto state = mongo::find(note, "state");
  return state && state->text() == "done";
}

/// Whether the import is ours to do.
Result<bool> claim(mongo::Connection& mongo, const std::string& node_id, TimePoint now) {
  auto note = mongo.find_one({.collection = collections::kMeta, .filter = note_filter()});
  if (!note) return fail(std::move(note.error()));
  const Document mine{{"state", "running"}, {"by", node_id}, {"at", now}};
  if (!*note) {
    Document fresh{{"_id", "legacy_import"}, {"state", "running"}, {"by", node_id}, {"at", now}};
    const auto made = mongo.insert(collections::kMeta, fresh);
    if (made) return true;
    if (made.error().code == Code::already_exists) return false;
    return fail(made.error());
  }
  if (is_done(**note)) return false;
  auto filter = note_filter();
  filter.add("state", "running").add("at", Document{{"$lt", now - kForgottenAfter}});
  auto taken = mongo.update(collections::kMeta, std::move(filter), {{"$set", mine}});
  if (!taken) return fail(std::move(taken.error()));
  return taken->matched > 0;
}

/// Whether it has been brought just now; false: it is there already, or cannot be brought, which is logged.
Result<bool> bring(mongo::Connection& mongo, std::string_view legacy) {
  auto document = legacy_document(legacy);
  auto stored = mongo.insert(collections::kSchedules, document);
  if (stored) return true;
  if (mongo::is_duplicate_of(stored.error(), "name_1")) {
    // The name belongs to another one by now.
    Document renamed;
    const auto bytes = document.bytes();
    for (mongo::Reader reader(bytes); auto element = reader.next();) {
      const auto id = element->name == "name" ? mongo::find(bytes, "_id") : std::nullopt;
      if (element->name == "name") {
        const auto mark = id && id->object_id() ? *id->object_id() : std::string("imported");
        renamed.add("name", fmt::format("{} ({})", element->text().value_or(""), mark));
      } else {
        renamed.add(element->name, *element);
      }
    }
    stored = mongo.insert(collections::kSchedules, renamed);
    if (stored) return true;
  }
  if (stored.error().code == Code::already_exists) return false;
  if (stored.error().code == Code::unavailable) return fail(stored.error());
  log::error("mongo.import_failed", {{"error", stored.error().detail}});
  return false;
}

}  // namespace

Document legacy_document(std::string_view legacy) {
  Document out;
  bool enabled = true;
  bool has_status = false;
  for (mongo::Reader reader(legacy); auto element = reader.next();) {
    if (element->name == "enabled") {
      enabled = element->boolean().value_or(true);
    } else if (element->name == "retry_delay") {
      out.add("retry_delay_seconds", *element);
    } else if (element->name != "revision" && element->name != "bookkeeping") {
      has_status = has_status || element->name == "status";
      out.add(element->name, *element);
    }
  }
  if (has_status) return out;
  const auto one_time = mongo::find(legacy, "one_time");
  const auto count = mongo::find(legacy, "execution_count");
  const bool over = !enabled && one_time && one_time->boolean() == true && count && count->integer().value_or(0) > 0;
  out.add("status", over ? "completed" : enabled ? "active" : "paused");
  return out;
}

Result<uint64_t> import_legacy_schedules(mongo::Connection& mongo, const std::string& node_id, const Clock& clock) {
  const auto ours = claim(mongo, node_id, clock.wall());
  if (!ours) return fail(ours.error());
  if (!*ours) return 0;
  uint64_t brought = 0;
  uint64_t seen = 0;
  auto all = mongo.find({.collection = collections::kLegacySchedules}, [&](std::string_view legacy) -> Status {
    const auto one = bring(mongo, legacy);
    if (!one) return fail(one.error());
    ++seen;
    brought += *one ? 1 : 0;
    return {};
  });
  const auto now = clock.wall();
  if (!all) {
    // The next one need not wait until we are forgotten.
    static_cast<void>(mongo.update(collections::kMeta, note_filter(), {{"$set", Document{{"at", from_micros(0)}}}}));
    return fail(std::move(all.error()));
  }
  auto noted =
      mongo.update(collections::kMeta, note_filter(),
                   {{"$set", Document{{"state", "done"}, {"at", now}, {"seen", seen}, {"imported", brought}}}});
  if (!noted) return fail(std::move(noted.error()));
  if (seen > 0)
    log::info("mongo.legacy_imported", {{"schedules", std::to_string(brought)}, {"seen", std::to_string(seen)}});
  return brought;
}

}  // namespace schedules
