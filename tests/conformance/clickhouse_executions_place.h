// Executions in a database of their own on the real ClickHouse.
#pragma once

#include "store/clickhouse/execution_store.h"
#include "tests/conformance/clickhouse_place.h"
#include "tests/conformance/execution_suite.h"

namespace schedules::testing {

struct ClickHouseExecutions {
  ClickHouseDatabase database;
  std::unique_ptr<ClickHouseExecutionStore> store = open();

  /// Another client of the same tables; through another address where one is given.
  [[nodiscard]] std::unique_ptr<ClickHouseExecutionStore> open(const std::string& address = clickhouse_address(),
                                                               size_t exact_rows_max = 1'000'000) const;
};

}  // namespace schedules::testing
