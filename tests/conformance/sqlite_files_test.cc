// Files that are damaged, foreign, older or newer; and the bytes of stored definitions and sums.
#include <gtest/gtest.h>

#include "store/sqlite/histogram.h"
#include "store/sqlite/migrations.h"
#include "store/sqlite/schedule_row.h"
#include "tests/conformance/schedule_await.h"
#include "tests/conformance/schedule_samples.h"
#include "tests/conformance/sqlite_support.h"

namespace schedules::testing {
namespace {

using namespace sqlite;

constexpr std::array kFirstStep{Migration{1, "first", "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)"}};
constexpr std::array kThreeSteps{Migration{1, "first", "CREATE TABLE t(a INTEGER); INSERT INTO t VALUES (1)"},
                                 Migration{2, "second", "ALTER TABLE t ADD COLUMN b INTEGER; UPDATE t SET b = a + 1"},
                                 Migration{3, "third", "INSERT INTO t VALUES (7, 8)"}};
constexpr std::array kBrokenSteps{
    kThreeSteps[0], kThreeSteps[1],
    Migration{3, "broken", "INSERT INTO t VALUES (9, 9); INSERT INTO nowhere VALUES (1)"}};
const Schema kOld{"samples", 77, kFirstStep};
const Schema kNew{"samples", 77, kThreeSteps};
const Schema kBroken{"samples", 77, kBrokenSteps};

int64_t number(const std::string& path, std::string_view sql) {
  return Database::open({.path = path, .read_only = true}).value().number(sql).value();
}

Code code_of_open(const std::string& path) {
  const auto opened = SqliteScheduleStore::open({.path = path});
  return opened ? Code::internal : opened.error().code;
}

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<uint8_t>(byte));
  return text;
}

}  // namespace

TEST(SqliteMigrations, AllStepsAreTakenInOrder) {
  const TemporaryFolder folder;
  const auto path = folder.file("x.db");
  EXPECT_FALSE(inspect(path, kNew)->exists);
  ASSERT_TRUE(open_migrated({.path = path}, kNew));
  EXPECT_EQ(number(path, "SELECT sum(b) FROM t"), 10);
  EXPECT_EQ(inspect(path, kNew)->current, 3);
}

TEST(SqliteMigrations, OlderFileIsBroughtUp) {
  const TemporaryFolder folder;
  const auto path = folder.file("odd name %41?#.db");
  ASSERT_TRUE(open_migrated({.path = path}, kOld));
  const auto before = inspect(path, kNew);
  ASSERT_TRUE(before) << before.error().detail;
  EXPECT_TRUE(before->exists);
  EXPECT_EQ(before->current, 1);
  EXPECT_EQ(before->target, 3);
  ASSERT_TRUE(open_migrated({.path = path}, kNew));
  EXPECT_EQ(number(path, "SELECT sum(b) FROM t"), 10);
  // Taken once.
  ASSERT_TRUE(open_migrated({.path = path}, kNew));
  EXPECT_EQ(number(path, "SELECT count(*) FROM t"), 2);
}

TEST(SqliteMigrations, BrokenStepLeavesTheOneBefore) {
  const TemporaryFolder folder;
  const auto path = folder.file("x.db");
  EXPECT_FALSE(open_migrated({.path = path}, kBroken));
  EXPECT_EQ(inspect(path, kNew)->current, 2);
  EXPECT_EQ(number(path, "SELECT count(*) FROM t"), 1);
  ASSERT_TRUE(open_migrated({.path = path}, kNew));
  EXPECT_EQ(number(path, "SELECT sum(b) FROM t"), 10);
}

TEST(SqliteMigrations, InspectionLeavesNoTrace) {
  const TemporaryFolder folder;
  const auto path = folder.file("x.db");
  ASSERT_TRUE(open_migrated({.path = path}, kOld));
  const auto before = read_file(path);
  ASSERT_TRUE(inspect(path, kNew));
  EXPECT_EQ(read_file(path), before);
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
  EXPECT_FALSE(std::filesystem::exists(path + "-shm"));
}

TEST(SqliteMigrations, VersionInTheLogCounts) {
  const TemporaryFolder folder;
  const auto path = folder.file("x.db");
  // As a crash leaves it: the step is in the log only.
  auto writing = open_migrated({.path = path, .checkpoint_pages = 0}, kOld);
  ASSERT_TRUE(writing);
  ASSERT_TRUE(std::filesystem::exists(path + "-wal"));
  EXPECT_EQ(inspect(path, kNew)->current, 1);
}

TEST(SqliteFiles, NewerFileIsRefusedUntouched) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  {
    auto database = open_migrated({.path = path}, schedule_schema()).value();
    ASSERT_TRUE(database.execute("PRAGMA user_version=99"));
  }
  const auto before = read_file(path);
  const auto opened = SqliteScheduleStore::open({.path = path});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Code::newer_layout);
  EXPECT_EQ(read_file(path), before);
  EXPECT_FALSE(std::filesystem::exists(path + "-wal"));
}

TEST(SqliteFiles, ForeignFileIsRefusedUntouched) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  {
    auto database = Database::open({.path = path}).value();
    ASSERT_TRUE(database.execute("CREATE TABLE mine(a)"));
  }
  const auto before = read_file(path);
  EXPECT_EQ(code_of_open(path), Code::corrupt);
  EXPECT_EQ(read_file(path), before);
  // Nor is one of our own kinds taken for the other.
  const auto executions = folder.file("executions.db");
  open_executions(executions).reset();
  EXPECT_EQ(code_of_open(executions), Code::corrupt);
}

TEST(SqliteFiles, GarbageIsCorrupt) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  write_file(path, std::string(10'000, 'g'));
  EXPECT_EQ(code_of_open(path), Code::corrupt);
  EXPECT_EQ(read_file(path), std::string(10'000, 'g'));
}

TEST(SqliteFiles, EmptyFileIsAFreshOne) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  write_file(path, "");
  EXPECT_TRUE(SqliteScheduleStore::open({.path = path}));
}

TEST(SqliteFiles, UnreachablePlaceIsAnError) {
  const TemporaryFolder folder;
  EXPECT_EQ(code_of_open(folder.file("no/such/folder/schedules.db")), Code::io_error);
}

TEST(SqliteFiles, DamagedPagesAreCorruptNotACrash) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  {
    const auto store = open_schedules(path);
    std::vector<DeadLetter> letters;
    for (uint64_t i = 0; i < 300; ++i) letters.push_back(full_letter(i));
    ASSERT_TRUE(await<void>([&](auto done) { store->bury(letters, std::move(done)); }));
    for (uint32_t i = 0; i < 100; ++i) {
      ASSERT_TRUE(await<Schedule>([&](auto done) { store->create(full_schedule(i), std::move(done)); }));
    }
  }
  const auto whole = read_file(path);
  const auto random = seeded_random(7);
  int corrupt = 0;
  for (int round = 0; round < 40; ++round) {
    auto bytes = whole;
    // The first page stays, so that the file still opens.
    for (size_t at = 4096 + random->below(4096); at < bytes.size(); at += random->below(3000)) {
      bytes[at] = static_cast<char>(random->below(256));
    }
    write_file(path, bytes);
    const auto opened = SqliteScheduleStore::open({.path = path});
    if (!opened) {
      EXPECT_EQ(opened.error().code, Code::corrupt);
      ++corrupt;
      continue;
    }
    auto& store = **opened;
    const auto page = await<DeadLetterPage>([&](auto done) { store.find_letters({.limit = 1000}, std::move(done)); });
    const auto found = await<std::vector<Schedule>>([&](auto done) { store.find({.limit = 1000}, std::move(done)); });
    const bool told = (!page && page.error().code == Code::corrupt) || (!found && found.error().code == Code::corrupt);
    if (told) ++corrupt;
  }
  EXPECT_GT(corrupt, 20);
}

// Of full_schedule(3), without the byte of the layout. Whatever wrote it, these bytes must stay readable.
constexpr std::string_view kFields1 =
    "01107768617420697420697320666f722033010d2a2f35202a202a202a202a20330188aaea55019484f3e8e5c5b206020d4575726f7065"
    "2f4c6f6e646f6e019489be8ae5c5b206019492b88be5c5b2060194a8d6b907c696b1020102041c88c60ad001808080808080c08a40050e"
    "a8380108656e74697479203301087b226e223a20337d0205782d6f6e65013305782d74776f00010d636f7272656c6174696f6e20330561"
    "646d696e076163746f7220330107746f7069632e33021568747470733a2f2f6578616d706c652e636f6d2f331101a00116800102057461"
    "6720330673686172656410706175736564206265636175736520330109736f6d656f6e652033";

TEST(SqliteFormat, DefinitionBytes) {
  std::string packed;
  pack_definition(full_schedule(3), packed);
  // Layout 3: then ack, url, on (failure, silence), after_failures, grace, reminder.
  EXPECT_EQ(hex(packed), fmt::format("03{}01{}", kFields1,
                                     "011c68747470733a2f2f6578616d706c652e636f6d2f616c657274732f33"
                                     "010200"
                                     "010c"
                                     "018201"
                                     "01aa38"));
  Schedule read{.id = full_schedule(3).id};
  ASSERT_TRUE(unpack_definition(packed, read));
  std::string again;
  pack_definition(read, again);
  EXPECT_EQ(again, packed);
}

TEST(SqliteFormat, DefinitionOfLayout1IsReadWithoutAck) {
  std::string packed;
  pack_definition(full_schedule(3), packed);
  packed.front() = 1;
  packed.resize(1 + kFields1.size() / 2);
  Schedule read{.id = full_schedule(3).id, .ack = Ack::required};
  ASSERT_TRUE(unpack_definition(packed, read));
  EXPECT_EQ(read.ack, Ack::none);
  EXPECT_EQ(read.max_runtime, full_schedule(3).max_runtime);
}

TEST(SqliteFormat, DefinitionOfLayout2IsReadWithoutAlerts) {
  std::string packed;
  pack_definition(full_schedule(3), packed);
  packed.front() = 2;
  packed.resize(1 + kFields1.size() / 2 + 1);
  Schedule read{.id = full_schedule(3).id, .alerts = full_schedule(1).alerts};
  ASSERT_TRUE(unpack_definition(packed, read));
  EXPECT_EQ(read.ack, Ack::required);
  EXPECT_EQ(read.alerts, AlertPolicy{});
}

TEST(SqliteFormat, CutOrNewerDefinitionIsRefused) {
  std::string packed;
  pack_definition(full_schedule(3), packed);
  for (size_t size = 0; size < packed.size(); ++size) {
    Schedule schedule;
    const auto read = unpack_definition(std::string_view(packed).substr(0, size), schedule);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::corrupt);
  }
  packed[0] = 4;
  Schedule schedule;
  EXPECT_EQ(unpack_definition(packed, schedule).error().code, Code::newer_layout);
}

TEST(SqliteFormat, HistogramValueIsWithinItsError) {
  const auto random = seeded_random(3);
  for (int i = 0; i < 20'000; ++i) {
    const auto value = static_cast<int64_t>(random->next() >> (1 + random->below(62)));
    const double back = Histogram::value_of(Histogram::bucket_of(value));
    ASSERT_NEAR(back, static_cast<double>(value), static_cast<double>(value) * 0.008) << value;
  }
  for (int64_t value = 0; value < 128; ++value) {
    EXPECT_EQ(Histogram::value_of(Histogram::bucket_of(value)), static_cast<double>(value));
  }
}

TEST(SqliteFormat, HistogramsAddAndSubtract) {
  Histogram sum;
  Histogram part;
  for (const int64_t value : {0, 5, 5, 100, 1'000'000}) part.add(value);
  sum.add(42);
  sum.add(part);
  EXPECT_EQ(sum.at_rank(1), 0);
  EXPECT_EQ(sum.at_rank(3), 5);
  EXPECT_EQ(sum.at_rank(4), 42);
  sum.add(part, -1);
  std::string packed;
  sum.pack(packed);
  EXPECT_EQ(packed.size(), 2U);  // one bucket
  EXPECT_EQ(Histogram::unpack(packed)->at_rank(1), 42);
  EXPECT_FALSE(Histogram::unpack(std::string("\xff\xff\xff\xff\xff\x7f\x02", 7)));
}

}  // namespace schedules::testing
