#include "store/mongo/setting_overrides.h"

#include "base/log.h"
#include "base/text.h"
#include "mongo/json.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Document;

constexpr const char* kModule = "schedules";
constexpr size_t kMostBytes = 64 * 1024;

// JSON and BSON both speak of whole objects only: the value is carried in one.
constexpr std::string_view kBefore = R"({"value":)";

Result<std::vector<SettingOverride>> read_all(mongo::Connection& mongo) {
  std::vector<SettingOverride> found;
  auto done = mongo.find(
      {.collection = collections::kSettings, .filter = {{"module", kModule}}, .sort = {{"key", 1}}, .projection = {}},
      [&](std::string_view document) -> Status {
        const auto key = mongo::find(document, "key");
        const auto value = mongo::find(document, "value");
        if (!key || !key->text() || !is_valid_utf8(*key->text()) || !value) return {};
        const auto carried = Document{{"value", *value}}.bytes();
        const auto json = mongo::json_of_document(carried, kMostBytes);
        if (!json) {
          log::warn("mongo.setting_unreadable", {{"key", std::string(*key->text())}, {"error", json.error().detail}});
          return {};
        }
        const auto text = std::string_view(*json).substr(kBefore.size());
        found.push_back({std::string(*key->text()), std::string(text.substr(0, text.size() - 1))});
        return {};
      });
  if (!done) return fail(std::move(done.error()));
  return found;
}

}  // namespace

void MongoSettingOverrides::list(Done<std::vector<SettingOverride>> done) {
  client_.call<std::vector<SettingOverride>>(
      {}, [](mongo::Connection& mongo) { return read_all(mongo); }, std::move(done));
}

void MongoSettingOverrides::save(std::vector<SettingOverride> overrides, std::string updated_by, TimePoint now,
                                 Done<void> done) {
  std::vector<mongo::Write> writes;
  for (const auto& one : overrides) {
    const auto carried = mongo::document_of_json(fmt::format("{}{}}}", kBefore, one.value), kMostBytes);
    const auto bytes = carried ? carried->bytes() : std::string();
    const auto value = carried ? mongo::find(bytes, "value") : std::nullopt;
    if (!value) return done(fail_field(Code::invalid_json, one.key, "the value is not JSON that can be stored"));
    Document set{{"value", *value}, {"module", kModule}, {"updated_at", now}, {"updated_by", updated_by}};
    writes.push_back({.filter = {{"key", one.key}}, .document = {{"$set", set}}, .upsert = true});
  }
  client_.call<void>(
      "settings",
      [writes = std::move(writes)](mongo::Connection& mongo) -> Status {
        auto written = mongo.write(collections::kSettings, writes, mongo::Order::ordered);
        if (!written) return fail(std::move(written.error()));
        return {};
      },
      std::move(done));
}

}  // namespace schedules
