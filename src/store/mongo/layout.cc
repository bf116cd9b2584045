#include "store/mongo/layout.h"

#include "base/log.h"
#include "mongo/errors.h"
#include "store/mongo/indexes.h"
#include "store/mongo/legacy_import.h"

namespace schedules {
namespace {

using mongo::Document;

constexpr uint32_t kLayout = 3;
constexpr const char* kStep1 =
    "indexes of mongo_schedules, mongo_schedule_executions, scheduled_event_definitions and "
    "schedules_dead_letters; an import of the original's schedules, where there are any";
constexpr const char* kStep2 = "indexes of schedules_audit";
constexpr const char* kStep3 = "indexes of schedules_alerts";

/// 0: nothing is there.
Result<uint32_t> version_of(mongo::Connection& mongo) {
  auto found = mongo.find_one({.collection = collections::kMeta, .filter = {{"_id", "layout"}}});
  if (!found) return fail(std::move(found.error()));
  if (!*found) return 0;
  const auto version = mongo::find(**found, "version");
  const auto number = version ? version->integer() : std::nullopt;
  if (!number || *number < 0 || *number > UINT32_MAX) {
    return fail(Code::corrupt, "MongoDB's schedules_meta has a layout document without a version");
  }
  return static_cast<uint32_t>(*number);
}

}  // namespace

Status MongoLayout::ensure(mongo::Connection& mongo) {
  const std::scoped_lock lock(mutex_);  // whoever else comes meanwhile waits for the same
  if (ready_) return {};
  auto done = migrate(mongo);
  ready_ = done.has_value();
  return done;
}

Status MongoLayout::migrate(mongo::Connection& mongo) {
  const auto version = version_of(mongo);
  if (!version) return fail(version.error());
  if (*version > kLayout) {
    return fail(Code::newer_layout,
                "MongoDB's schedules have layout {}, this version knows {}: use the version that wrote it", *version,
                kLayout);
  }
  if (*version < kLayout) {
    log::info("mongo.migrate", {{"from", std::to_string(*version)}, {"to", std::to_string(kLayout)}});
  }
  if (auto made = make_indexes(mongo); !made) return made;
  if (options_.import_legacy) {
    auto count = import_legacy_schedules(mongo, options_.node_id, clock_);
    if (!count) return fail(std::move(count.error()));
    imported_ += *count;
  }
  if (*version == kLayout) return {};
  // $max: a newer version that migrates at the same time is not taken back.
  auto noted = mongo.find_and_modify(
      {.collection = collections::kMeta,
       .filter = {{"_id", "layout"}},
       .update = {{"$max", Document{{"version", kLayout}}}, {"$set", Document{{"applied_at", clock_.wall()}}}},
       .upsert = true,
       .projection = {}});
  if (!noted && noted.error().code != Code::already_exists) return fail(std::move(noted.error()));
  return {};
}

Status MongoLayout::make_indexes(mongo::Connection& mongo) {
  names_guarded_ = true;
  for (const auto& index : mongo_indexes()) {
    const auto made = make_index(mongo, index);
    if (!made) return fail(made.error());
    if (!*made && index.collection == std::string_view(collections::kSchedules)) names_guarded_ = false;
  }
  return make_history_ttl(mongo, options_.history_ttl);
}

Status MongoLayout::ensure_still(mongo::Connection& mongo) {
  const auto version = version_of(mongo);
  if (!version) return fail(version.error());
  if (*version != kLayout) {
    const std::scoped_lock lock(mutex_);
    ready_ = false;
  }
  return ensure(mongo);
}

Result<MongoLayoutStatus> MongoLayout::inspect(mongo::Connection& mongo) const {
  const auto version = version_of(mongo);
  if (!version) return fail(version.error());
  MongoLayoutStatus status{.exists = *version > 0, .found = *version, .current = kLayout, .steps = {}};
  if (status.needs_migration()) {
    if (status.found < 1) status.steps.emplace_back(kStep1);
    if (status.found < 2) status.steps.emplace_back(kStep2);
    if (status.found < 3) status.steps.emplace_back(kStep3);
    const auto legacy = mongo.count(collections::kLegacySchedules, {});
    if (!legacy) return fail(legacy.error());
    if (*legacy > 0) status.steps.push_back(fmt::format("{} schedules to import from `schedules`", *legacy));
  }
  return status;
}

bool MongoLayout::names_are_guarded() const {
  const std::scoped_lock lock(mutex_);
  return names_guarded_;
}

uint64_t MongoLayout::imported() const {
  const std::scoped_lock lock(mutex_);
  return imported_;
}

}  // namespace schedules
