#include "store/sqlite/migrations.h"

#include <filesystem>

#include "base/check.h"
#include "base/log.h"

namespace schedules::sqlite {
namespace {

// The path as a URI that SQLite opens without making files beside it. Only right while nobody has a
// log open.
std::string immutable_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char letter : path) {
    if (letter == '%' || letter == '?' || letter == '#') {
      uri += fmt::format("%{:02X}", static_cast<unsigned>(letter));
    } else {
      uri.push_back(letter);
    }
  }
  return uri + "?immutable=1";
}

Result<int> version_of(Database& database, const Schema& schema) {
  const auto version = database.number("PRAGMA user_version");
  if (!version) return fail(version.error());
  const auto application = database.number("PRAGMA application_id");
  if (!application) return fail(application.error());
  const auto tables = database.number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  const bool empty = *version == 0 && *application == 0 && *tables == 0;
  if (!empty && *application != schema.application_id) {
    return fail(Code::corrupt, "the file is not a database of {}", schema.name);
  }
  return static_cast<int>(*version);
}

Status take(Database& database, const Schema& schema, const Migration& step) {
  Transaction transaction(database);
  if (!transaction.begun()) return transaction.begun();
  // Another process may have taken it since we looked.
  const auto current = version_of(database, schema);
  if (!current) return fail(current.error());
  if (*current >= step.version) return {};
  auto done = database
                  .execute(std::string(step.sql) + fmt::format(";PRAGMA user_version={};PRAGMA application_id={}",
                                                               step.version, schema.application_id))
                  .and_then([&] { return transaction.commit(); });
  if (done && *current > 0) {  // a fresh file is no news
    log::info("store.migrated", {{"database", std::string(schema.name)},
                                 {"version", std::to_string(step.version)},
                                 {"step", std::string(step.title)}});
  }
  return done;
}

}  // namespace

Result<SchemaState> inspect(const std::string& path, const Schema& schema) {
  SchemaState state{.target = schema.steps.back().version};
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored) || std::filesystem::file_size(path, ignored) == 0) return state;
  state.exists = true;
  // What a crash left in the log counts; without a log the file alone is the truth.
  const bool has_log = std::filesystem::exists(path + "-wal", ignored);
  auto database = Database::open({.path = has_log ? path : immutable_uri(path), .read_only = true});
  if (!database) return fail(std::move(database.error()));
  const auto version = version_of(*database, schema);
  if (!version) return fail(version.error());
  state.current = *version;
  return state;
}

Result<Database> open_migrated(const DatabaseOptions& options, const Schema& schema) {
  CHECK(!options.read_only);
  const auto state = inspect(options.path, schema);
  if (!state) return fail(state.error());
  if (state->current > state->target) {
    return fail(Code::newer_layout, "{} has layout {}, this version knows {}", options.path, state->current,
                state->target);
  }
  auto database = Database::open(options);
  if (!database) return database;
  for (const auto& step : schema.steps) {
    if (step.version <= state->current) continue;
    if (auto done = take(*database, schema, step); !done) return fail(std::move(done.error()));
  }
  return database;
}

}  // namespace schedules::sqlite
