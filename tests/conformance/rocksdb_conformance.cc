// The suites, on RocksDB.
#include "tests/conformance/rocksdb_place.h"

namespace schedules::testing {

INSTANTIATE_TEST_SUITE_P(RocksDb, NearStoreTest, ::testing::Values(rocksdb_backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RocksDb, NearStoreRaceTest, ::testing::Values(rocksdb_backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RocksDb, EventCatalogTest, ::testing::Values(rocksdb_backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RocksDb, FarStoreTest, ::testing::Values(rocksdb_backend()), event_backend_name);
INSTANTIATE_TEST_SUITE_P(RocksDb, TailStoreTest, ::testing::Values(rocksdb_backend()), event_backend_name);

}  // namespace schedules::testing
