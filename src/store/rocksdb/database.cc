#include "store/rocksdb/database.h"

#include <rocksdb/convenience.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>

#include <filesystem>
#include <mutex>

#include "base/log.h"
#include "store/rocksdb/migrations.h"
#include "store/rocksdb/slice.h"
#include "store/rocksdb/tuning.h"

namespace schedules::rocks {
namespace {

rocksdb::Env& env_or_default(rocksdb::Env* env) { return env != nullptr ? *env : *rocksdb::Env::Default(); }

Status check_options(const RocksOptions& options) {
  if (options.dir.empty()) return fail_field(Code::invalid_argument, "dir", "is empty");
  if (options.shards == 0 || options.shards > kMaxShards) {
    return fail_field(Code::invalid_argument, "shards", "is {}, not within 1 to {}", options.shards, kMaxShards);
  }
  if (options.memory_bytes < (size_t{8} << 20U)) {
    return fail_field(Code::invalid_argument, "memory_bytes", "is {}, at least 8 MiB are needed", options.memory_bytes);
  }
  return {};
}

}  // namespace

Error to_error(const rocksdb::Status& status, std::string_view what) {
  Code code = Code::io_error;
  const std::string text = status.ToString();
  if (status.IsNoSpace() || status.subcode() == rocksdb::Status::SubCode::kSpaceLimit) {
    code = Code::disk_full;
  } else if (status.IsCorruption()) {
    code = Code::corrupt;
  } else if (status.IsBusy() || status.IsTryAgain() || status.IsShutdownInProgress() || status.IsTimedOut() ||
             text.find("lock ") != std::string::npos) {
    code = Code::unavailable;
  }
  return Error{.code = code, .detail = fmt::format("{}: {}", what, text)};
}

void DamageNotes::note(std::string_view key, std::string_view id, std::string_view error) {
  constexpr size_t kNotes = 10'000;
  const std::scoped_lock lock(mutex_);
  if (noted_.size() >= kNotes || !noted_.emplace(key).second) return;
  log::error("rocksdb.damaged_record", {{"event_id", std::string(id)}, {"error", std::string(error)}});
  any_ = true;
}

bool DamageNotes::contains(std::string_view key) const {
  if (!any_) return false;
  const std::scoped_lock lock(mutex_);
  return noted_.contains(key);
}

Database::Database(RocksOptions options, const Clock& clock, rocksdb::Env* env, uint32_t shards)
    : options_(std::move(options)), clock_(clock), env_(env), shards_(shards) {}

Database::~Database() { close_files(); }

Result<std::unique_ptr<Database>> Database::open(const RocksOptions& options, const Clock& clock, rocksdb::Env* env) {
  if (auto checked = check_options(options); !checked) return fail(checked.error());
  auto& files = env_or_default(env);
  std::error_code made;
  std::filesystem::create_directories(options.dir, made);
  if (made) return fail(Code::io_error, "creating {}: {}", options.dir, made.message());
  auto found = read_marker(files, options.dir);
  if (!found) return fail(found.error());
  const Marker marker = found->value_or(Marker{.layout = kLayout, .shards = options.shards});
  if (!*found) {
    if (auto written = write_marker(files, options.dir, marker); !written) return fail(written.error());
  } else if (marker.shards != options.shards) {
    log::info("rocksdb.shards_kept",
              {{"stored", std::to_string(marker.shards)}, {"asked", std::to_string(options.shards)}});
  }
  auto database = std::unique_ptr<Database>(new Database(options, clock, env, marker.shards));
  if (auto opened = database->open_files(true); !opened) return fail(opened.error());
  auto migrated = migrate(*database->db_, database->handles_, files, options.dir, marker);
  if (!migrated) return fail(migrated.error());
  return database;
}

Status Database::open_files(bool create) {
  auto db_options = database_options(options_, env_);
  db_options.create_if_missing = create;
  const auto names = family_names();
  auto families = family_options(options_, clock_);
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (size_t i = 0; i < kFamilies; ++i) descriptors.emplace_back(std::string(names[i]), families[i]);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const auto status = rocksdb::DB::Open(db_options, options_.dir, descriptors, &handles, &db_);
  if (!status.ok()) {
    db_ = nullptr;
    return fail(to_error(status, "opening " + options_.dir));
  }
  std::ranges::copy(handles, handles_.begin());
  return {};
}

void Database::close_files() {
  if (db_ == nullptr) return;
  for (auto* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
  const auto status = db_->Close();
  if (!status.ok()) log::warn("rocksdb.close", {{"error", status.ToString()}});
  delete db_;
  db_ = nullptr;
}

Result<Database::Reading> Database::read() {
  std::shared_lock lock(gate_);
  if (db_ == nullptr) return fail(Code::unavailable, "the event store is being brought back after a fault");
  return Reading(std::move(lock), db_, handles_, damage_);
}

Status Database::write(rocksdb::WriteBatch& batch, bool sync) {
  if (db_ == nullptr) return fail(Code::unavailable, "the event store could not be opened again after a fault");
  rocksdb::WriteOptions how;
  how.sync = sync && options_.sync;
  const auto status = db_->Write(how, &batch);
  if (!status.ok()) return fail(to_error(status, "writing events"));
  return {};
}

Status Database::sync() {
  if (db_ == nullptr) return fail(Code::unavailable, "the event store is not open");
  const auto status = db_->SyncWAL();
  if (!status.ok()) return fail(to_error(status, "syncing events"));
  return {};
}

// Whether the disk takes writes again. While it does not, the open database still serves reads.
Status Database::probe() {
  auto& files = env_or_default(env_);
  const auto path = options_.dir + "/PROBE";
  const auto status = rocksdb::WriteStringToFile(&files, std::string(size_t{64} << 10U, '\0'), path, true);
  files.DeleteFile(path).PermitUncheckedError();
  if (!status.ok()) return fail(to_error(status, "the event store's disk still fails"));
  return {};
}

Result<Database::Revived> Database::revive() {
  if (db_ != nullptr) {
    if (auto writable = probe(); !writable) return fail(writable.error());
    if (db_->Resume().ok()) return Revived::resumed;
  }
  // Most faults of the log cannot be resumed from; opening again recovers from what the disk really holds.
  const std::unique_lock lock(gate_);
  close_files();
  if (auto opened = open_files(false); !opened) return fail(opened.error());
  log::warn("rocksdb.reopened", {{"dir", options_.dir}});
  return Revived::reopened;
}

void Database::drop_files(Family family, std::string_view from, std::string_view to) {
  if (db_ == nullptr) return;
  const auto begin = slice(from);
  const auto end = slice(to);
  const auto status = rocksdb::DeleteFilesInRange(db_, handles_[static_cast<size_t>(family)], &begin, &end, false);
  if (!status.ok()) log::warn("rocksdb.drop_files", {{"error", status.ToString()}});
}

}  // namespace schedules::rocks
