// One SQLite connection, its statements and its transactions. Private to this room. A Database is
// used by one thread at a time; what a Query answers as text lives until its next step.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "time/clock.h"

struct sqlite3;
struct sqlite3_stmt;

namespace schedules::sqlite {

/// Raw bytes, as against text.
struct Blob {
  std::string_view bytes;
};

/// One parameter. It refers to the caller's text, which must live as long as the Query; so no
/// temporary strings.
class Value {
 public:
  enum class Kind : uint8_t { null, integer, text, blob };

  Value(std::nullopt_t) {}  // NOLINT(google-explicit-constructor): parameters are written as plain values
  Value(Blob blob) : kind_(Kind::blob), bytes_(blob.bytes) {}
  Value(std::string_view text) : kind_(Kind::text), bytes_(text) {}
  Value(const std::string& text) : kind_(Kind::text), bytes_(text) {}
  Value(std::string&&) = delete;
  Value(TimePoint time) : Value(to_micros(time)) {}
  template <class Number>
    requires std::is_integral_v<Number> || std::is_enum_v<Number>
  Value(Number number) : kind_(Kind::integer), number_(static_cast<int64_t>(number)) {}
  template <class Inner>
  Value(const std::optional<Inner>& value) : Value(value ? Value(*value) : Value(std::nullopt)) {}

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] int64_t number() const { return number_; }
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  Kind kind_ = Kind::null;
  int64_t number_ = 0;
  std::string_view bytes_;
};

class Database;

/// A statement under way. The first fault ends it: step() gives false and end() says what it was.
class Query {
 public:
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  /// Whether there is a (further) row.
  bool step();
  /// Goes to the end, leaving out rows that are left.
  Status end();
  /// Starts again with other parameters and goes to the end.
  Status run(std::span<const Value> values);
  Status run(std::initializer_list<Value> values) { return run({values.begin(), values.size()}); }

  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] bool is_blob(int column) const;
  [[nodiscard]] int64_t integer(int column) const;
  [[nodiscard]] double real(int column) const;
  [[nodiscard]] TimePoint time(int column) const { return from_micros(integer(column)); }
  [[nodiscard]] std::string_view bytes(int column) const;  ///< of text or a blob
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  [[nodiscard]] std::optional<std::string> optional_text(int column) const;
  [[nodiscard]] std::optional<TimePoint> optional_time(int column) const;

 private:
  friend class Database;
  Query(Database& database, std::string_view sql);
  void bind(std::span<const Value> values);

  Database* database_;
  sqlite3_stmt* statement_ = nullptr;
  std::optional<Error> fault_;
};

/// How much an acknowledged write survives.
enum class Durability : uint8_t {
  power_loss,    ///< synced before each commit answers
  process_loss,  ///< survives a crash of the program; the last seconds may go with the machine
};

struct DatabaseOptions {
  std::string path;
  Durability durability = Durability::power_loss;
  bool read_only = false;
  uint64_t max_bytes = 0;           ///< of the file; more is disk_full. 0: as much as the disk holds
  int32_t cache_kib = 2048;         ///< memory for pages
  int32_t checkpoint_pages = 1000;  ///< the log is moved into the file after so many
};

class Database {
 public:
  /// Creates the file unless read_only. Errors: unavailable, disk_full, io_error, corrupt.
  static Result<Database> open(const DatabaseOptions& options);
  Database(Database&& other) noexcept;
  Database& operator=(Database&&) = delete;
  ~Database();

  /// Begins a query; parameters are written ?1, ?2, … A fault is told by step() or end().
  Query query(std::string_view sql, std::span<const Value> values);
  Query query(std::string_view sql, std::initializer_list<Value> values = {}) {
    return query(sql, {values.begin(), values.size()});
  }
  /// A query for Query::run alone.
  Query prepare(std::string_view sql) { return {*this, sql}; }
  /// Several statements without parameters or answers.
  Status execute(const std::string& sql);
  /// The first column of the first row, 0 where there is none.
  Result<int64_t> number(std::string_view sql, std::initializer_list<Value> values = {});
  /// Rows that the last insert, update or delete changed.
  [[nodiscard]] uint64_t changes() const;
  /// The integer key of the row that was inserted last.
  [[nodiscard]] int64_t last_row() const;
  /// Maps the connection's last fault to an Error that begins with `what`.
  [[nodiscard]] Error fault(std::string_view what) const;

 private:
  friend class Query;
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Status configure(const DatabaseOptions& options);

  sqlite3* handle_;
  std::map<std::string, sqlite3_stmt*, std::less<>> idle_;  ///< prepared and not in use
};

/// Rolls back unless committed. A reading one sees the same state from its first query to its end.
class Transaction {
 public:
  enum class Kind : uint8_t { writing, reading };
  explicit Transaction(Database& database, Kind kind = Kind::writing);
  Transaction(const Transaction&) = delete;
  ~Transaction();
  [[nodiscard]] const Status& begun() const { return begun_; }
  Status commit();

 private:
  Database& database_;
  Status begun_;
  bool open_ = false;
};

/// Whether it says that the storage failed, not that the operation was refused.
bool is_storage_fault(Code code);

}  // namespace schedules::sqlite
