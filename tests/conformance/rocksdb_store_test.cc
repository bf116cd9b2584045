// What only the RocksDB store promises: its layout file, damaged records, and scans that do not pay for deletions.
#include <rocksdb/db.h>
#include <rocksdb/perf_context.h>
#include <rocksdb/perf_level.h>

#include <fstream>
#include <sstream>

#include "store/rocksdb/layout.h"
#include "tests/conformance/rocksdb_place.h"

namespace schedules::testing {
namespace {

using namespace std::chrono_literals;

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

std::map<std::string, std::string> files_of(const std::string& dir) {
  std::map<std::string, std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.is_regular_file()) files[entry.path().filename().string()] = read_file(entry.path().string());
  }
  return files;
}

class RocksStoreTest : public EventStoreTest {
 protected:
  std::shared_ptr<RocksStore> open_store() {
    auto opened = RocksStore::open({.dir = dir.path()}, clock);
    EXPECT_TRUE(opened) << opened.error().detail;
    std::shared_ptr<RocksStore> store = std::move(*opened);
    stores = stores_of(store);
    return store;
  }
  /// Changes the closed store with RocksDB's own tools.
  void with_database(const std::function<void(rocksdb::DB&, rocksdb::ColumnFamilyHandle& due)>& change) {
    stores = {};
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"default", "due", "id", "done", "tail"})
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), dir.path(), families, &handles, &db).ok());
    change(*db, *handles[1]);
    for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
    delete db;
  }
  std::string due_key_of(uint64_t sequence, const Event& event) {
    const rocks::DueKey key{.run = rocks::run_of(Tier::near, 0, event.priority),
                            .place = {.fire_at = to_micros(event.fire_at), .sequence = sequence}};
    return std::string(rocks::view(rocks::pack(key)));
  }
  /// All that is due, in small windows, as the engine would; ends when nothing is left to begin.
  std::vector<EventId> fire_all() {
    std::vector<EventId> fired;
    for (int rounds = 0; rounds < 1000; ++rounds) {
      const auto page = window(Duration{}, 50);
      if (page.entries.empty()) break;
      const auto begun = begin(page.entries);
      for (const auto& event : begun) fired.push_back(event.id);
      settle(begun, State::fired);
    }
    return fired;
  }

  TemporaryDir dir;
};

TEST_P(RocksStoreTest, NewStoreTellsItsLayout) {
  EXPECT_FALSE(RocksStore::inspect(dir.path())->exists);
  open_store();
  const auto status = RocksStore::inspect(dir.path());
  EXPECT_TRUE(status->exists);
  EXPECT_EQ(status->found, status->current);
  EXPECT_FALSE(status->needs_migration());
  EXPECT_EQ(read_file(dir.path() + "/LAYOUT"), "schedules rocksdb\nlayout 1\nshards 1\n");
}

TEST_P(RocksStoreTest, NewerLayoutIsRefusedUntouched) {
  open_store();
  put_one(sample_event(1));
  stores = {};
  write_file(dir.path() + "/LAYOUT", "schedules rocksdb\nlayout 9\nshards 1\nsomething new\n");
  const auto before = files_of(dir.path());
  const auto opened = RocksStore::open({.dir = dir.path()}, clock);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::newer_layout);
  EXPECT_EQ(files_of(dir.path()), before);
  EXPECT_EQ(RocksStore::inspect(dir.path())->found, 9U);
}

TEST_P(RocksStoreTest, WhatIsNotOursIsRefused) {
  open_store();
  stores = {};
  write_file(dir.path() + "/LAYOUT", "something else");
  EXPECT_EQ(RocksStore::open({.dir = dir.path()}, clock).error().code, Code::corrupt);
  std::filesystem::remove(dir.path() + "/LAYOUT");
  EXPECT_EQ(RocksStore::open({.dir = dir.path()}, clock).error().code, Code::corrupt);
}

TEST_P(RocksStoreTest, SecondOpenerIsRefused) {
  const auto first = open_store();
  const auto second = RocksStore::open({.dir = dir.path()}, clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unavailable) << second.error().detail;
}

TEST_P(RocksStoreTest, BadOptionsAreNamed) {
  EXPECT_EQ(RocksStore::open({.dir = ""}, clock).error().field, "dir");
  EXPECT_EQ(RocksStore::open({.dir = dir.path(), .shards = 1025}, clock).error().field, "shards");
  EXPECT_EQ(RocksStore::open({.dir = dir.path(), .memory_bytes = 1}, clock).error().field, "memory_bytes");
}

TEST_P(RocksStoreTest, ShardsStayAsTheyWereMade) {
  stores = stores_of(RocksStore::open({.dir = dir.path(), .shards = 7}, clock).value());
  stores = {};
  stores = stores_of(RocksStore::open({.dir = dir.path(), .shards = 3}, clock).value());
  EXPECT_EQ(stores.near->shards(), 7U);
}

TEST_P(RocksStoreTest, DamagedRecordDoesNotStopTheRest) {
  open_store();
  std::vector<Event> events;
  for (uint64_t n = 0; n < 20; ++n) events.push_back(sample_event(n));
  const auto outcomes = put(events);
  with_database([&](rocksdb::DB& db, rocksdb::ColumnFamilyHandle& due) {
    const auto key = due_key_of(outcomes[7].sequence, events[7]);
    std::string value;
    ASSERT_TRUE(db.Get(rocksdb::ReadOptions(), &due, key, &value).ok());
    ASSERT_TRUE(db.Put(rocksdb::WriteOptions(), &due, key, value.substr(0, 30)).ok());
  });
  open_store();
  EXPECT_FALSE(get(sample_id(7)));
  EXPECT_EQ(cancel(sample_id(7)).result, ChangeResult::not_found);
  EXPECT_EQ(put_one(sample_event(7)).result, PutResult::exists);
  EXPECT_EQ(find({}, 100).events.size(), 19U);
  EXPECT_EQ(fire_all().size(), 19U);
  EXPECT_FALSE(window(1h).next_fire_at) << "what cannot be read is not offered for ever";
}

TEST_P(RocksStoreTest, DamagedBlockDoesNotStopTheRest) {
  open_store();
  std::vector<Event> events;
  for (uint64_t n = 0; n < 500; ++n) {
    events.push_back(sample_event(n, Duration(static_cast<int64_t>(n) * 1000)));
    // No two alike, so that they take more room than anything else.
    std::string pad;
    for (int i = 0; i < 20; ++i) pad += fmt::format("{:016x}", stable_hash(fmt::format("{} {}", n, i)));
    events.back().body = fmt::format(R"({{"pad":"{}"}})", pad);
  }
  put(events);
  with_database([](rocksdb::DB& db, rocksdb::ColumnFamilyHandle& due) {
    ASSERT_TRUE(db.CompactRange(rocksdb::CompactRangeOptions(), &due, nullptr, nullptr).ok());
  });
  // The biggest table is that of the bodies; its middle is a block of theirs.
  std::string biggest;
  uintmax_t size = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
    if (entry.path().extension() != ".sst" || entry.file_size() < size) continue;
    biggest = entry.path().string();
    size = entry.file_size();
  }
  {
    std::fstream file(biggest, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(size / 2));
    file.write("damage", 6);
  }
  open_store();
  clock.advance(1h);
  const auto fired = fire_all();
  EXPECT_GT(fired.size(), 450U);
  EXPECT_LT(fired.size(), 500U);
  EXPECT_NE(std::ranges::find(fired, sample_id(0)), fired.end());
  EXPECT_NE(std::ranges::find(fired, sample_id(499)), fired.end());
}

// Without a lower bound the first seek would walk over every deletion before the first live event.
TEST_P(RocksStoreTest, ScansBeginBehindTheDeletions) {
  open_store();
  constexpr uint64_t kFired = 20'000;
  std::vector<Event> events;
  for (uint64_t n = 0; n < kFired; ++n) events.push_back(sample_event(n, Duration(static_cast<int64_t>(n))));
  put(events);
  put({sample_event(kFired, 60s)});
  clock.advance(1s);
  while (true) {
    const auto begun = begin_due(5000);
    if (begun.empty()) break;
    settle(begun, State::fired);
  }
  put_one(sample_event(kFired + 1, 200s));  // the writer has seen to the bounds before it takes this
  const auto deletions_walked_over = [this] {
    const WindowRequest request{.now = now(), .until = now() + 100s, .limit = 10};
    std::promise<uint64_t> walked;
    // Answers come on the reading thread, whose counters these are.
    stores.near->window(request, [](const Result<WindowPage>&) {
      rocksdb::SetPerfLevel(rocksdb::PerfLevel::kEnableCount);
      rocksdb::get_perf_context()->Reset();
    });
    stores.near->window(request, [&](const Result<WindowPage>& page) {
      EXPECT_EQ(page->entries.size(), 1U);
      walked.set_value(rocksdb::get_perf_context()->internal_delete_skipped_count +
                       rocksdb::get_perf_context()->internal_key_skipped_count);
    });
    return walked.get_future().get();
  };
  EXPECT_LT(deletions_walked_over(), 6000U);
  stores = {};
  open_store();
  EXPECT_LT(deletions_walked_over(), 6000U);
}

INSTANTIATE_TEST_SUITE_P(RocksDb, RocksStoreTest, ::testing::Values(rocksdb_backend()), event_backend_name);

TEST_P(RocksStoreTest, CountingBySlotsStopsAndSaysWhere) {
  const auto store = open_store();
  put({sample_event(1, 10s), sample_event(2, 10s), sample_event(3, 20s), sample_event(4, 30s)});
  // 200,000 events are looked at, shared out among the slots: here one in each.
  const auto counts = count_slots(0s, 1s, 150'000);
  EXPECT_EQ(counts[10], (SlotCount{.count = 1, .more = true}));
  EXPECT_EQ(counts[20], (SlotCount{.count = 1, .more = false}));
  EXPECT_EQ(counts[30], (SlotCount{.count = 1, .more = false}));
  EXPECT_EQ(counts[40], SlotCount{});
  EXPECT_EQ(count_slots(0s, 10s, 10)[1], (SlotCount{.count = 2, .more = false}));
}

}  // namespace
}  // namespace schedules::testing
