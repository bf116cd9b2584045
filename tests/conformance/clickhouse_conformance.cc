// The suites of the far tier, on ClickHouse.
#include "tests/conformance/clickhouse_place.h"

namespace schedules::testing {

// They are linked with the others.
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NearStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(NearStoreRaceTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TailStoreTest);

INSTANTIATE_TEST_SUITE_P(ClickHouse, FarStoreTest, ::testing::Values(clickhouse_far_backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(ClickHouse, EventCatalogTest, ::testing::Values(clickhouse_catalog_backend()),
                         event_backend_name);

}  // namespace schedules::testing
