// A steady rate of events, each handed over some seconds before it is due: how late they arrive.
#include <algorithm>
#include <memory>
#include <numeric>
#include <random>

#include "load/feed.h"
#include "load/figures.h"
#include "load/modes.h"
#include "load/stream_reader.h"

namespace schedules::load {
namespace {

constexpr int64_t kSecond = 1'000'000;
constexpr int64_t kTick = 10'000;  // events that are handed over within it share a batch
constexpr size_t kConnections = 4;
constexpr size_t kLargestBatch = 1'000;

struct Planned {
  uint64_t number;
  int64_t due_us;
  int64_t submit_us;
};

std::vector<Planned> plan(uint64_t events, double rate, int64_t lead_us, int64_t jitter_us) {
  std::mt19937_64 random(4711);
  std::uniform_int_distribution<int64_t> jitter(0, std::max<int64_t>(jitter_us, 0));
  const int64_t first_due = wall_us() + lead_us + jitter_us + kSecond / 2;
  std::vector<Planned> planned;
  for (uint64_t i = 0; i < events; ++i) {
    const int64_t due = first_due + static_cast<int64_t>(static_cast<double>(i) * 1e6 / rate);
    planned.push_back({.number = i, .due_us = due, .submit_us = due - lead_us - jitter(random)});
  }
  std::ranges::sort(planned, {}, &Planned::submit_us);
  return planned;
}

// Hands everything over at its time; answers how late the latest acknowledgement was, in microseconds.
int64_t submit(const Address& address, const std::vector<Planned>& planned) {
  Fleet fleet(address, kConnections);
  std::vector<std::unique_ptr<EventRequest>> requests(kConnections);
  std::vector<int64_t> oldest(kConnections);
  int64_t worst = 0;
  size_t next = 0;
  const auto work = [&](int64_t until_us) {
    const auto left_ms = std::max<int64_t>((until_us - wall_us() + 999) / 1'000, 0);
    fleet.work(static_cast<int>(left_ms), [&](size_t line, const Answer& answer) {
      check_batch(answer, requests[line]->events());
      worst = std::max(worst, wall_us() - oldest[line]);
    });
  };
  for (int64_t tick = wall_us(); next < planned.size(); tick += kTick) {
    while (wall_us() < tick) work(tick);
    size_t end = next;
    while (end < planned.size() && end - next < kLargestBatch && planned[end].submit_us <= tick) ++end;
    if (end == next) continue;
    size_t line = 0;
    while (line < kConnections && fleet.busy(line)) ++line;
    if (line == kConnections) {
      work(wall_us() + kTick);
      continue;
    }
    requests[line] = std::make_unique<EventRequest>(
        EventRequest::Shape{.events = end - next, .ndjson = true, .host = address.text(), .target = ""});
    oldest[line] = planned[next].submit_us;
    for (size_t i = next; i < end; ++i)
      requests[line]->set(i - next, {.number = planned[i].number, .due_us = planned[i].due_us});
    next = end;
    fleet.send(line, requests[line]->text());
  }
  while (fleet.under_way() > 0) work(wall_us() + kSecond);
  return worst;
}

}  // namespace

void lateness(const Common& common, Options& options) {
  const double rate = options.real("rate", 100);
  const double seconds = options.real("seconds", 20);
  const auto lead_us = static_cast<int64_t>(options.real("lead", 5) * 1e6);
  const auto jitter_us = static_cast<int64_t>(options.real("jitter", 1) * 1e6);
  options.done();
  const auto events = static_cast<uint64_t>(rate * seconds);
  StreamReader reader(common.server, events);
  CpuMeter cpu(common.pid);
  const auto planned = plan(events, rate, lead_us, jitter_us);
  const int64_t last_due = std::ranges::max(planned, {}, &Planned::due_us).due_us;
  const int64_t worst_submit_us = submit(common.server, planned);
  reader.wait_for_all(last_due + 30 * kSecond);
  cpu.stop();
  reader.stop();
  std::vector<double> late_ms;
  std::vector<double> fired_ms;
  uint64_t early = 0;
  for (const auto& one : reader.arrivals()) {
    if (one.arrived_us == 0) continue;
    late_ms.push_back(static_cast<double>(one.arrived_us - one.due_us) / 1e3);
    fired_ms.push_back(static_cast<double>(one.fired_us - one.due_us) / 1e3);
    if (one.arrived_us < one.due_us || one.fired_us < one.due_us) ++early;
  }
  Line line(common.name);
  line.add("rate", static_cast<int64_t>(rate)).add("events", events);
  add_percentiles(line, "", late_ms);
  add_percentiles(line, "fired_", fired_ms);
  line.add("early", early).add("lost", events - late_ms.size()).add("repeats", reader.repeats());
  line.add("worst_submit_ms", static_cast<double>(worst_submit_us) / 1e3, 1);
  cpu.add_to(line, events);
  line.print();
}

}  // namespace schedules::load
