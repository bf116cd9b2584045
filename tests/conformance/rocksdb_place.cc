#include "tests/conformance/rocksdb_place.h"

#include <cstdlib>

#include "base/check.h"

#ifdef __SANITIZE_THREAD__
// Debian's RocksDB is not instrumented: what it orders by its own atomics looks like a race to the sanitizer.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() { return "race:rocksdb::\n"; }
#endif

namespace schedules::testing {
namespace {

class RocksPlace final : public EventPlace {
 public:
  EventStores open(const EventStoreSetup& setup, const Clock& clock) override {
    auto opened =
        RocksStore::open({.dir = dir_.path(), .shards = setup.shards, .dedupe_window = setup.dedupe_window}, clock);
    if (!opened) ADD_FAILURE() << opened.error().detail;
    return stores_of(std::move(opened.value()));
  }

 private:
  TemporaryDir dir_;
};

}  // namespace

TemporaryDir::TemporaryDir() : TemporaryDir(std::filesystem::temp_directory_path().string()) {}

TemporaryDir::TemporaryDir(const std::string& parent) {
  std::string pattern = parent + "/schedules-rocks-XXXXXX";
  CHECK(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDir::~TemporaryDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

EventStores stores_of(std::shared_ptr<RocksStore> store) {
  EventStores stores;
  stores.near = &store->near();
  stores.far = &store->far();
  stores.catalog = &store->catalog();
  stores.near_catalog = &store->near_catalog();
  stores.far_catalog = &store->far_catalog();
  stores.tail = &store->tail();
  stores.owner = std::move(store);
  return stores;
}

EventBackend rocksdb_backend() {
  return EventBackend{.name = "RocksDb", .make = [] { return std::make_unique<RocksPlace>(); }};
}

}  // namespace schedules::testing
