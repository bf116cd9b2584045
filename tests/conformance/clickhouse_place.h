// Far events in a database of their own on the real ClickHouse; the near tier beside it is in memory.
#pragma once

#include <memory>
#include <string>

#include "store/clickhouse/far_store.h"
#include "tests/conformance/event_backend.h"

namespace schedules::testing {

/// "http://127.0.0.1:PORT/" of the server under test (SCHEDULES_TEST_CLICKHOUSE).
std::string clickhouse_server();
std::string clickhouse_address();  ///< "127.0.0.1:PORT"

/// A database with a name of its own, made by whoever uses it first, dropped at the end.
class ClickHouseDatabase {
 public:
  ClickHouseDatabase();
  ~ClickHouseDatabase();
  ClickHouseDatabase(const ClickHouseDatabase&) = delete;

  [[nodiscard]] const std::string& name() const { return name_; }
  /// Through another address, as of a proxy, where one is given.
  [[nodiscard]] clickhouse::Url url(const std::string& address = clickhouse_address()) const;
  /// One statement's answer as text, tab-separated.
  std::string ask(const std::string& sql) const;

 private:
  std::string name_;
  std::unique_ptr<clickhouse::Client> client_;
};

/// POST /faults of the fixture, e.g. R"([{"match":"INSERT","status":503}])".
void set_clickhouse_faults(const std::string& json);

/// Both tiers, as the engine has them where they are different stores.
EventBackend clickhouse_far_backend();
/// The far store alone, put and catalog: what is put is far.
EventBackend clickhouse_catalog_backend();

}  // namespace schedules::testing
