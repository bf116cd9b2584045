#include "tests/conformance/clickhouse_executions_place.h"

namespace schedules::testing {

std::unique_ptr<ClickHouseExecutionStore> ClickHouseExecutions::open(const std::string& address,
                                                                     size_t exact_rows_max) const {
  return std::move(ClickHouseExecutionStore::open(
                       {.url = database.url(address),
                        .client = {.connect_timeout = std::chrono::seconds(5), .timeout = std::chrono::seconds(60)},
                        .exact_rows_max = exact_rows_max})
                       .value());
}

}  // namespace schedules::testing
