// What was acknowledged stays: over a reopening, a kill in the middle, a full disk.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/conformance/schedule_await.h"
#include "tests/conformance/schedule_samples.h"
#include "tests/conformance/sqlite_support.h"

namespace schedules::testing {
namespace {

Result<Schedule> create(ScheduleStore& store, Schedule schedule) {
  return await<Schedule>([&](auto done) { store.create(std::move(schedule), std::move(done)); });
}
std::optional<Schedule> get(ScheduleStore& store, const std::string& id) {
  return await<std::optional<Schedule>>([&](auto done) { store.get(id, std::move(done)); }).value();
}
/// How the stored one differs from `schedule`; "" if not at all.
std::string stored_difference(ScheduleStore& store, const Schedule& schedule) {
  const auto stored = get(store, schedule.id);
  return stored ? difference(*stored, schedule) : "it is not there";
}
Status bury(DeadLetterStore& store, DeadLetter letter) {
  return await<void>([&](auto done) { store.bury({std::move(letter)}, std::move(done)); });
}
uint64_t count_letters(DeadLetterStore& store) {
  return await<uint64_t>([&](auto done) { store.count_letters(std::move(done)); }).value();
}
Status append(ExecutionStore& store, std::vector<Execution> executions) {
  return await<void>([&](auto done) { store.append(std::move(executions), std::move(done)); });
}
uint64_t total(ExecutionStore& store) {
  return await<ExecutionStats>([&](auto done) { store.stats({}, std::move(done)); }).value().total;
}

/// Runs `work` in a process which is killed once it has reported `reports` numbers; answers all it
/// reported.
template <class Work>
std::vector<uint32_t> run_and_kill(size_t reports, Work work) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    work([&](uint32_t number) { (void)!::write(ends[1], &number, sizeof(number)); });
    ::_exit(0);
  }
  ::close(ends[1]);
  std::vector<uint32_t> reported;
  uint32_t number = 0;
  // What it still writes after the signal is in the pipe and counts as well.
  while (::read(ends[0], &number, sizeof(number)) == static_cast<ssize_t>(sizeof(number))) {
    reported.push_back(number);
    if (reported.size() == reports) ::kill(child, SIGKILL);
  }
  ::close(ends[0]);
  ::waitpid(child, nullptr, 0);
  return reported;
}

}  // namespace

TEST(SqliteDurability, ReopenedStoreHasEverything) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  {
    const auto store = open_schedules(path);
    ASSERT_TRUE(create(*store, full_schedule(1)));
    ASSERT_TRUE(bury(*store, full_letter(2)));
  }
  const auto store = open_schedules(path);
  EXPECT_EQ(stored_difference(*store, full_schedule(1)), "");
  EXPECT_EQ(count_letters(*store), 1U);
}

TEST(SqliteDurability, ReopenedExecutionsAreThere) {
  const TemporaryFolder folder;
  const auto path = folder.file("executions.db");
  ASSERT_TRUE(append(*open_executions(path), {full_execution(1), full_execution(2)}));
  const auto store = open_executions(path);
  EXPECT_EQ(total(*store), 2U);
  ASSERT_TRUE(append(*store, {full_execution(2), full_execution(3)}));
  EXPECT_EQ(total(*store), 3U);
}

TEST(SqliteDurability, QueuedWritesAreDoneBeforeTheStoreGoes) {
  const TemporaryFolder folder;
  std::atomic<int> answered = 0;
  {
    const auto store = open_schedules(folder.file("schedules.db"));
    for (uint32_t i = 0; i < 300; ++i) store->create(plain_schedule(i), [&](auto) { ++answered; });
  }
  EXPECT_EQ(answered, 300);
}

TEST(SqliteDurability, AcknowledgedSchedulesOutliveAKill) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  uint32_t next = 0;
  uint64_t acknowledged = 0;
  for (const size_t reports : {1U, 17U, 60U}) {
    const auto reported = run_and_kill(reports, [&](auto report) {
      const auto store = open_schedules(path);
      for (uint32_t i = next;; ++i) {
        if (create(*store, full_schedule(i)) && bury(*store, full_letter(i))) report(i);
      }
    });
    ASSERT_GE(reported.size(), reports);
    const auto store = open_schedules(path);
    for (const uint32_t number : reported) {
      EXPECT_EQ(stored_difference(*store, full_schedule(number)), "") << number;
    }
    acknowledged += reported.size();
    EXPECT_GE(count_letters(*store), acknowledged);
    next = reported.back() + 3;  // one or two more may have been under way
  }
}

TEST(SqliteDurability, AcknowledgedExecutionsOutliveAKill) {
  constexpr uint32_t kBatch = 200;
  const TemporaryFolder folder;
  const auto path = folder.file("executions.db");
  const auto reported = run_and_kill(40, [&](auto report) {
    const auto store = open_executions(path);
    for (uint32_t batch = 0;; ++batch) {
      std::vector<Execution> executions;
      for (uint32_t i = 0; i < kBatch; ++i) executions.push_back(full_execution(batch * kBatch + i));
      if (append(*store, std::move(executions))) report(batch);
    }
  });
  ASSERT_GE(reported.size(), 40U);
  const auto store = open_executions(path);
  const uint64_t stored = total(*store);
  EXPECT_GE(stored, reported.size() * kBatch);
  // All or nothing of each batch, and the sums agree with the rows.
  EXPECT_EQ(stored % kBatch, 0U);
  EXPECT_EQ(await<Expired>([&](auto done) { store->expire({TimePoint::max(), TimePoint::max()}, std::move(done)); })
                .value()
                .history,
            stored);
}

TEST(SqliteDurability, FullFileIsDiskFullAndHarmsNothing) {
  const TemporaryFolder folder;
  const auto path = folder.file("schedules.db");
  const auto store = open_schedules(path, 400 * 1024);
  ASSERT_TRUE(create(*store, full_schedule(1)));
  auto letter = full_letter(0);
  letter.event.body = std::string(20'000, 'x');
  uint64_t buried = 0;
  Status last;
  while (true) {
    letter.event.id = event_id(buried);
    last = bury(*store, letter);
    if (!last) break;
    ASSERT_LT(++buried, 1000U);
  }
  EXPECT_EQ(last.error().code, Code::disk_full);
  EXPECT_TRUE(retryable(last.error().code));
  EXPECT_EQ(count_letters(*store), buried);
  EXPECT_EQ(stored_difference(*store, full_schedule(1)), "");
  // Space returns.
  ASSERT_TRUE(await<uint64_t>([&](auto done) { store->drop_letters({event_id(0)}, std::move(done)); }));
  EXPECT_TRUE(bury(*store, letter));
  EXPECT_EQ(count_letters(*store), buried);
}

TEST(SqliteDurability, OneThatDoesNotFitHarmsNoNeighbour) {
  const TemporaryFolder folder;
  const auto store = open_schedules(folder.file("schedules.db"), 400 * 1024);
  auto huge = plain_schedule(500);
  huge.description = std::string(600 * 1024, 'x');
  // All of them wait together, so that they share a transaction at first.
  std::vector<std::future<Result<Schedule>>> answers;
  for (uint32_t i = 0; i < 20; ++i) {
    auto answer = std::make_shared<std::promise<Result<Schedule>>>();
    answers.push_back(answer->get_future());
    store->create(i == 10 ? huge : plain_schedule(i), [answer](auto result) { answer->set_value(std::move(result)); });
  }
  for (uint32_t i = 0; i < 20; ++i) {
    const auto answer = answers[i].get();
    EXPECT_EQ(answer.has_value(), i != 10) << i;
    if (!answer) {
      EXPECT_EQ(answer.error().code, Code::disk_full);
    }
  }
  EXPECT_TRUE(get(*store, object_id(19)));
  EXPECT_FALSE(get(*store, object_id(500)));
}

TEST(SqliteDurability, FullDiskIsSurvived) {
  const TemporaryFolder folder;
  const auto mounted = folder.file("small");
  std::filesystem::create_directory(mounted);
  if (::mount("tmpfs", mounted.c_str(), "tmpfs", 0, "size=3m") != 0) GTEST_SKIP() << "mounting needs root";
  {
    const auto store = open_executions(mounted + "/executions.db");
    uint64_t appended = 0;
    Status last;
    while (appended < 50'000) {
      std::vector<Execution> batch;
      for (uint64_t i = 0; i < 100; ++i) batch.push_back(full_execution(appended + i));
      last = append(*store, std::move(batch));
      if (!last) break;
      appended += 100;
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, Code::disk_full) << last.error().detail;
    EXPECT_EQ(total(*store), appended);
    // A bigger disk.
    ASSERT_EQ(::mount("tmpfs", mounted.c_str(), "tmpfs", MS_REMOUNT, "size=64m"), 0);
    EXPECT_TRUE(append(*store, {full_execution(appended)}));
    EXPECT_EQ(total(*store), appended + 1);
  }
  EXPECT_EQ(::umount(mounted.c_str()), 0);
}

}  // namespace schedules::testing
