// The suites, on one Redis.
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {
namespace {

EventBackend backend() {
  return redis_backend("Redis", [] { return "redis://" + environment("SCHEDULES_TEST_REDIS"); });
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Redis, NearStoreTest, ::testing::Values(backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(Redis, NearStoreRaceTest, ::testing::Values(backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(Redis, EventCatalogTest, ::testing::Values(backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(Redis, FarGuardTest, ::testing::Values(backend()), event_backend_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FarStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TailStoreTest);

}  // namespace schedules::testing
