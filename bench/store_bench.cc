// The embedded event store: puts with a synced write a group, window + begin + settle, memory and disk a pending event,
// and the start of a store that was never closed. One JSON line a figure.
//   store_bench [--events N] [--dir DIR] [--batch N] [--outstanding N] [--body BYTES] [--memory-mb N]
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <span>

#include "base/check.h"
#include "base/executor.h"
#include "bench/gate.h"
#include "store/rocksdb/rocks_store.h"

// What the program sets as well: freed memory goes back after a second.
extern "C" const char* malloc_conf;
const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace schedules {
namespace {

struct Settings {
  size_t events = 1'000'000;
  size_t batch = 1'000;
  size_t outstanding = 4;  ///< batches under way at once
  size_t body = 256;
  size_t memory = RocksOptions{}.memory_bytes;
  std::string phase;
  std::string dir = "store_bench.data";
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  size_t pages = 0;
  statm >> pages >> pages;
  return pages * 4096;
}

uint64_t bytes_on_disk(const std::string& dir) {
  uint64_t sum = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    if (entry.is_regular_file()) sum += entry.file_size();
  }
  return sum;
}

class Stopwatch {
 public:
  explicit Stopwatch(const Clock& clock) : clock_(clock), began_(clock.steady()), cpu_(cpu_seconds()) {}
  [[nodiscard]] double seconds() const { return static_cast<double>((clock_.steady() - began_).count()) * 1e-6; }
  [[nodiscard]] double cpu() const { return cpu_seconds() - cpu_; }

 private:
  const Clock& clock_;
  SteadyPoint began_;
  double cpu_;
};

std::unique_ptr<RocksStore> open_store(const Settings& settings, const Clock& clock) {
  auto store = RocksStore::open({.dir = settings.dir, .memory_bytes = settings.memory}, clock);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().detail.c_str());
    std::exit(1);
  }
  return std::move(*store);
}

Event sample_event(Random& random, TimePoint now, size_t body) {
  Event event;
  event.id = random_id(random);
  event.topic = "orders.reminders";
  event.entity_type = "order";
  event.entity_id = std::to_string(random.next() % 1'000'000);
  event.action = "remind";
  event.body = "{\"text\":\"" + std::string(body - 11, 'x') + "\"}";
  event.correlation_id = "c-" + event.entity_id;
  event.source = "api_request";
  event.created_at = now;
  event.due_at = now + Duration(static_cast<int64_t>(random.below(600'000'000)));
  event.fire_at = event.due_at;
  event.fingerprint = random.next();
  return event;
}

struct PutCost {
  double seconds = 0;
  double cpu = 0;
};

// Made in slices of batches, so that making them does not count.
PutCost put_all(RocksStore& store, const Settings& settings, const Clock& clock, size_t slice) {
  const auto random = seeded_random(1);
  const TimePoint now = clock.wall();
  std::vector<std::vector<Event>> batches;
  Gate gate(settings.outstanding);
  PutCost cost;
  for (size_t made = 0; made < settings.events;) {
    batches.clear();
    for (size_t b = 0; b < slice && made < settings.events; ++b) {
      auto& batch = batches.emplace_back();
      for (size_t i = 0; i < settings.batch && made < settings.events; ++i, ++made) {
        batch.push_back(sample_event(*random, now, settings.body));
      }
    }
    const Stopwatch watch(clock);
    for (auto& batch : batches) {
      gate.enter();
      store.near().put(std::move(batch), PutMode::if_absent, [&](Result<std::vector<PutOutcome>> outcomes) {
        CHECK(outcomes.has_value());
        gate.leave();
      });
    }
    gate.wait_empty();
    cost.seconds += watch.seconds();
    cost.cpu += watch.cpu();
  }
  return cost;
}

template <class T, class Call>
T wait_for(Call call) {
  Gate gate(1);
  std::optional<Result<T>> answer;
  gate.enter();
  call(Done<T>([&](Result<T> result) {
    answer = std::move(result);
    gate.leave();
  }));
  gate.wait_empty();
  CHECK(answer->has_value());
  return std::move(**answer);
}

void settle_in_background(RocksStore& store, std::vector<Event> events, TimePoint now, Gate& gate) {
  std::vector<Settlement> settlements;
  settlements.reserve(events.size());
  for (auto& event : events) {
    settlements.push_back(Settlement{
        .event = std::move(event),
        .outcome = Outcome{.state = State::fired, .at = now, .settled_at = now, .sink = "stream", .position = "1"}});
  }
  gate.enter();
  store.near().settle(std::move(settlements), [&](Result<void> settled) {
    CHECK(settled.has_value());
    gate.leave();
  });
}

void fire_all(RocksStore& store, const Settings& settings, const Clock& clock, size_t count) {
  const TimePoint now = clock.wall() + std::chrono::hours(1);
  Gate gate(settings.outstanding);
  const Stopwatch watch(clock);
  size_t fired = 0;
  while (fired < count) {
    const WindowRequest request{.now = now, .until = now, .limit = 10'000};
    auto page = wait_for<WindowPage>([&](auto done) { store.near().window(request, std::move(done)); });
    if (page.entries.empty()) break;
    for (size_t i = 0; i < page.entries.size(); i += settings.batch) {
      const auto part = std::span(page.entries).subspan(i, std::min(settings.batch, page.entries.size() - i));
      BeginRequest begin{.entries = {part.begin(), part.end()}};
      auto events =
          wait_for<std::vector<Event>>([&](auto done) { store.near().begin(std::move(begin), std::move(done)); });
      fired += events.size();
      settle_in_background(store, std::move(events), now, gate);
    }
  }
  gate.wait_empty();
  const double events = static_cast<double>(fired);
  fmt::print(
      "{{\"bench\":\"store_window_begin_settle\",\"events_per_s\":{:.0f},\"batch\":{},\"events\":{},"
      "\"cpu_us_per_event\":{:.2f}}}\n",
      events / watch.seconds(), settings.batch, fired, 1e6 * watch.cpu() / events);
}

void read_first_page(RocksStore& store, const Clock& clock) {
  const Stopwatch watch(clock);
  const auto page = wait_for<EventPage>([&](auto done) { store.catalog().find(FindRequest{}, std::move(done)); });
  fmt::print("{{\"bench\":\"store_first_page\",\"seconds\":{:.4f},\"events\":{}}}\n", watch.seconds(),
             page.events.size());
}

/// Runs one phase in a process of its own, which kills itself in the end: what is opened afterwards is what a crash
/// leaves behind. A fork alone would not do, it leaves the allocator's threads behind.
void in_a_process_that_dies(std::span<char*> arguments, const char* phase) {
  std::fflush(stdout);
  std::vector<char*> child_arguments(arguments.begin(), arguments.end());
  std::string option("--phase");
  std::string name(phase);
  child_arguments.push_back(option.data());
  child_arguments.push_back(name.data());
  child_arguments.push_back(nullptr);
  pid_t child = 0;
  CHECK(posix_spawn(&child, "/proc/self/exe", nullptr, nullptr, child_arguments.data(), environ) == 0);
  int ended = 0;
  waitpid(child, &ended, 0);
  CHECK(WIFSIGNALED(ended) && WTERMSIG(ended) == SIGKILL);
}

void die() {
  std::fflush(stdout);
  kill(getpid(), SIGKILL);
}

void measure_puts(const Settings& settings) {
  const SystemClock clock;
  auto store = open_store(settings, clock);
  const auto cost = put_all(*store, settings, clock, 50);
  const auto count = static_cast<double>(settings.events);
  fmt::print(
      "{{\"bench\":\"store_put\",\"events_per_s\":{:.0f},\"batch\":{},\"outstanding\":{},\"events\":{},"
      "\"cpu_us_per_event\":{:.2f}}}\n",
      count / cost.seconds, settings.batch, settings.outstanding, settings.events, 1e6 * cost.cpu / count);
  die();
}

// What the caller holds is small here and made before the first reading, so that the rest is the store's.
void measure_memory(Settings settings) {
  const SystemClock clock;
  auto store = open_store(settings, clock);
  const size_t before = resident_bytes();
  settings.outstanding = 2;
  put_all(*store, settings, clock, 2);
  const size_t busy = resident_bytes();
  std::this_thread::sleep_for(std::chrono::seconds(3));  // flushes end, the allocator gives back what it kept
  const size_t after = resident_bytes();
  fmt::print(
      "{{\"bench\":\"store_memory\",\"bytes_per_event\":{:.1f},\"resident_mb\":{:.1f},\"busy_mb\":{:.1f},\"empty_mb\":{"
      ":.1f},"
      "\"disk_bytes_per_event\":{:.0f}}}\n",
      (static_cast<double>(after) - static_cast<double>(before)) / static_cast<double>(settings.events),
      static_cast<double>(after) / 1e6, static_cast<double>(busy) / 1e6, static_cast<double>(before) / 1e6,
      static_cast<double>(bytes_on_disk(settings.dir)) / static_cast<double>(settings.events));
  die();
}

size_t number(const char* text) {
  size_t value = 0;
  const std::string_view digits(text);
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

Settings read_arguments(std::span<char*> arguments) {
  Settings settings;
  for (size_t i = 1; i + 1 < arguments.size(); i += 2) {
    const std::string_view name(arguments[i]);
    const char* value = arguments[i + 1];
    if (name == "--events") settings.events = number(value);
    if (name == "--batch") settings.batch = number(value);
    if (name == "--outstanding") settings.outstanding = number(value);
    if (name == "--body") settings.body = number(value);
    if (name == "--memory-mb") settings.memory = number(value) << 20U;
    if (name == "--dir") settings.dir = value;
    if (name == "--phase") settings.phase = value;
  }
  return settings;
}

}  // namespace

int run(std::span<char*> arguments) {
  const auto settings = read_arguments(arguments);
  if (settings.phase == "put") measure_puts(settings);
  if (settings.phase == "memory") measure_memory(settings);
  const SystemClock clock;
  std::filesystem::remove_all(settings.dir);
  in_a_process_that_dies(arguments, "put");
  std::filesystem::remove_all(settings.dir);
  in_a_process_that_dies(arguments, "memory");
  {
    const Stopwatch watch(clock);
    auto store = open_store(settings, clock);
    const auto counts = wait_for<TierCounts>([&](auto done) { store->catalog().counts(std::move(done)); });
    fmt::print("{{\"bench\":\"store_reopen\",\"seconds\":{:.3f},\"pending\":{}}}\n", watch.seconds(), counts.pending);
    CHECK(counts.pending == settings.events);
    read_first_page(*store, clock);
    fire_all(*store, settings, clock, settings.events);
  }
  std::filesystem::remove_all(settings.dir);
  return 0;
}

}  // namespace schedules

int main(int argc, char** argv) { return schedules::run({argv, static_cast<size_t>(argc)}); }
