// The suites, on a Redis Cluster.
#include "tests/conformance/redis_place.h"
#include "tests/support/server_control.h"

namespace schedules::testing {
namespace {

EventBackend backend() {
  return redis_backend("RedisCluster", [] { return "redis-cluster://" + environment("SCHEDULES_TEST_REDIS_CLUSTER"); });
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(RedisCluster, NearStoreTest, ::testing::Values(backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RedisCluster, NearStoreRaceTest, ::testing::Values(backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RedisCluster, EventCatalogTest, ::testing::Values(backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RedisCluster, FarGuardTest, ::testing::Values(backend()), event_backend_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(FarStoreTest);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(TailStoreTest);

}  // namespace schedules::testing
