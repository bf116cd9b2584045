#include "store/sqlite/database.h"

#include <sqlite3.h>

#include "base/check.h"

namespace schedules::sqlite {
namespace {

// Enough for every fixed statement and the usual filters; one more pushes an idle one out.
constexpr size_t kIdleStatements = 64;
constexpr int kBusyTimeoutMs = 5000;
constexpr int64_t kKeptLogBytes = int64_t{32} << 20U;

Code code_of(int result) {
  switch (result & 0xFF) {
    case SQLITE_FULL:
      return Code::disk_full;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_INTERRUPT:
      return Code::unavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::corrupt;
    case SQLITE_TOOBIG:
      return Code::payload_too_large;
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_NOMEM:
      return Code::io_error;
    default:
      return Code::internal;
  }
}

}  // namespace

bool is_storage_fault(Code code) {
  return code == Code::disk_full || code == Code::unavailable || code == Code::corrupt || code == Code::io_error ||
         code == Code::internal || code == Code::payload_too_large;
}

Result<Database> Database::open(const DatabaseOptions& options) {
  const int mode = options.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  sqlite3* handle = nullptr;
  const int result =
      sqlite3_open_v2(options.path.c_str(), &handle, mode | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, nullptr);
  if (handle == nullptr) return fail(Code::io_error, "no memory to open {}", options.path);
  Database database(handle);
  sqlite3_extended_result_codes(handle, 1);
  if (result != SQLITE_OK) return fail(database.fault("open " + options.path));
  if (auto done = database.configure(options); !done) return fail(std::move(done.error()));
  return database;
}

Status Database::configure(const DatabaseOptions& options) {
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  auto sql = fmt::format(
      "PRAGMA cache_size=-{}; PRAGMA mmap_size=0; PRAGMA foreign_keys=ON; PRAGMA "
      "cell_size_check=ON;"
      "PRAGMA trusted_schema=OFF; PRAGMA secure_delete=OFF;",
      options.cache_kib);
  if (!options.read_only) {
    sql += fmt::format(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous={}; PRAGMA wal_autocheckpoint={};"
        "PRAGMA journal_size_limit={};",
        options.durability == Durability::power_loss ? "FULL" : "NORMAL", options.checkpoint_pages, kKeptLogBytes);
  }
  if (auto done = execute(sql); !done) return done;
  if (options.max_bytes == 0 || options.read_only) return {};
  const auto page_size = number("PRAGMA page_size");
  if (!page_size) return fail(page_size.error());
  return execute(fmt::format("PRAGMA max_page_count={}",
                             std::max<uint64_t>(1, options.max_bytes / static_cast<uint64_t>(*page_size))));
}

Database::Database(Database&& other) noexcept
    : handle_(std::exchange(other.handle_, nullptr)), idle_(std::move(other.idle_)) {}

Database::~Database() {
  for (auto& [sql, statement] : idle_) sqlite3_finalize(statement);
  if (handle_ != nullptr) CHECK(sqlite3_close(handle_) == SQLITE_OK);
}

Query Database::query(std::string_view sql, std::span<const Value> values) {
  Query query(*this, sql);
  query.bind(values);
  return query;
}

Status Database::execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  return fail(fault(sql.substr(0, 80)));
}

Result<int64_t> Database::number(std::string_view sql, std::initializer_list<Value> values) {
  auto answer = query(sql, values);
  const int64_t value = answer.step() ? answer.integer(0) : 0;
  if (auto done = answer.end(); !done) return fail(std::move(done.error()));
  return value;
}

uint64_t Database::changes() const { return static_cast<uint64_t>(sqlite3_changes64(handle_)); }

int64_t Database::last_row() const { return sqlite3_last_insert_rowid(handle_); }

Error Database::fault(std::string_view what) const {
  return Error{.code = code_of(sqlite3_extended_errcode(handle_)),
               .detail = fmt::format("{}: {}", what, sqlite3_errmsg(handle_))};
}

Query::Query(Database& database, std::string_view sql) : database_(&database) {
  // Taken out of the cache while in use, so that the same text may be under way twice.
  if (const auto found = database.idle_.find(sql); found != database.idle_.end()) {
    statement_ = found->second;
    database.idle_.erase(found);
    return;
  }
  const int result = sqlite3_prepare_v3(database.handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (result != SQLITE_OK) fault_ = database.fault(sql.substr(0, 80));
}

Query::Query(Query&& other) noexcept
    : database_(other.database_),
      statement_(std::exchange(other.statement_, nullptr)),
      fault_(std::move(other.fault_)) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
  auto& idle = database_->idle_;
  if (idle.size() >= kIdleStatements) {
    sqlite3_finalize(idle.begin()->second);
    idle.erase(idle.begin());
  }
  if (!idle.emplace(sqlite3_sql(statement_), statement_).second) sqlite3_finalize(statement_);
}

void Query::bind(std::span<const Value> values) {
  if (statement_ == nullptr) return;
  CHECK(sqlite3_bind_parameter_count(statement_) == static_cast<int>(values.size()));
  int index = 0;
  for (const auto& value : values) {
    ++index;
    const auto bytes = value.bytes();
    // A null pointer would bind NULL.
    const char* const data = bytes.data() == nullptr ? "" : bytes.data();
    int result = SQLITE_OK;
    switch (value.kind()) {
      case Value::Kind::null:
        result = sqlite3_bind_null(statement_, index);
        break;
      case Value::Kind::integer:
        result = sqlite3_bind_int64(statement_, index, value.number());
        break;
      case Value::Kind::text:
        result = sqlite3_bind_text64(statement_, index, data, bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
        break;
      case Value::Kind::blob:
        result = sqlite3_bind_blob64(statement_, index, data, bytes.size(), SQLITE_STATIC);
        break;
    }
    if (result != SQLITE_OK) fault_ = database_->fault("bind");
  }
}

bool Query::step() {
  if (fault_) return false;
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) fault_ = database_->fault(std::string_view(sqlite3_sql(statement_)).substr(0, 80));
  return false;
}

Status Query::end() {
  while (step()) {
  }
  if (statement_ != nullptr) sqlite3_reset(statement_);
  if (fault_) return fail(*fault_);
  return {};
}

Status Query::run(std::span<const Value> values) {
  if (fault_) return fail(*fault_);
  sqlite3_reset(statement_);
  bind(values);
  return end();
}

bool Query::is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
bool Query::is_blob(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_BLOB; }
int64_t Query::integer(int column) const { return sqlite3_column_int64(statement_, column); }
double Query::real(int column) const { return sqlite3_column_double(statement_, column); }

std::string_view Query::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  if (data == nullptr) return {};
  return {data, static_cast<size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<std::string> Query::optional_text(int column) const {
  if (is_null(column)) return std::nullopt;
  return text(column);
}

std::optional<TimePoint> Query::optional_time(int column) const {
  if (is_null(column)) return std::nullopt;
  return time(column);
}

Transaction::Transaction(Database& database, Kind kind)
    : database_(database),
      begun_(database.query(kind == Kind::writing ? "BEGIN IMMEDIATE" : "BEGIN").end()),
      open_(begun_.has_value()) {}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself (a full disk); then this fails, and there is nothing left
  // to do.
  if (open_) static_cast<void>(database_.query("ROLLBACK").end());
}

Status Transaction::commit() {
  auto done = database_.query("COMMIT").end();
  if (done) open_ = false;
  return done;
}

}  // namespace schedules::sqlite
