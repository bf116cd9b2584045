// A ClickHouse server by its HTTP interface: one query, one answer. Connections are kept and used again; a server that
// is away makes calls fail at once, and is found again without help.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "clickhouse/parameters.h"
#include "clickhouse/url.h"

namespace schedules::clickhouse {

enum class Compression : uint8_t { automatic, never, always };  ///< automatic: not where the server is on this machine

struct Options {
  std::chrono::milliseconds connect_timeout{2'000};
  std::chrono::milliseconds timeout{5'000};  ///< of a whole call, waiting for a connection included; see Query
  long connections = 8;                      ///< at most, to the server
  size_t max_under_way = 256;                ///< calls beyond this are refused: overloaded
  Compression compression = Compression::automatic;
  std::string ca_file;  ///< PEM; empty: the system's
  std::string user_agent = "stufio-schedules";
};

/// Rows that a query's text may name as a table: sets of ids and the like, too many for a parameter.
struct Table {
  std::string name;
  std::string structure;  ///< "id UUID, revision UInt64"
  std::string rows;       ///< RowBinary
};

struct Query {
  std::string sql;            ///< fixed text; whatever comes from outside goes into `parameters` and `tables`
  Parameters parameters;      ///< for {name:Type} in the text
  std::vector<Table> tables;  ///< not together with `body`
  std::vector<std::pair<std::string, std::string>> settings;  ///< of this query, e.g. insert_deduplication_token
  std::string body;                                           ///< the rows of an INSERT … FORMAT RowBinary
  std::chrono::milliseconds timeout{0};                       ///< 0: as Options
  bool in_database = true;                                    ///< false: outside the URL's database, as for making it
};

struct Answer {
  std::string body;  ///< in the FORMAT that the text names, else RowBinary
  uint64_t rows_read = 0;
  uint64_t bytes_read = 0;
  uint64_t rows_written = 0;
};

/// The server's exception code that an error of query() carries, e.g. 60 (unknown table); 0: none, it never answered.
int exception_code(const Error& error);
inline constexpr int kUnknownTable = 60;
inline constexpr int kUnknownDatabase = 81;

/// Thread-safe.
class Client {
 public:
  /// Never asks the server. Errors: internal, where libcurl does not start.
  static Result<std::unique_ptr<Client>> open(Url url, Options options = {});
  /// What is under way answers shutting_down.
  virtual ~Client() = default;

  /// Answers once, on the client's one thread, which must not be held up. Errors: unavailable (the server is away, too
  /// slow, busy, or refuses us: what was sent may have been done or not, so repeat only what is harmless), disk_full,
  /// overloaded (not sent), shutting_down, io_error (the server failed; detail has its code and text).
  virtual void query(Query query, Done<Answer> done) = 0;

  [[nodiscard]] virtual const Url& url() const = 0;
};

}  // namespace schedules::clickhouse
