// Many events due at one instant: how soon they all have arrived, on the stream or at a webhook.
#include <algorithm>
#include <atomic>
#include <cmath>

#include <fmt/format.h>

#include "load/feed.h"
#include "load/figures.h"
#include "load/http_receiver.h"
#include "load/modes.h"
#include "load/stream_reader.h"

namespace schedules::load {
namespace {

// On a half second, so that timers of whole seconds have no advantage.
int64_t instant_after(double seconds) {
  return (wall_us() + static_cast<int64_t>(seconds * 1e6)) / 1'000'000 * 1'000'000 + 500'000;
}

struct Plan {
  uint64_t events;
  double ahead_seconds;
  double patience_seconds;
};

void submit(const Common& common, const Plan& plan, const std::string& target, int64_t due_us) {
  Fleet fleet(common.server, 4);
  feed(common.server, fleet,
       {.events = plan.events, .batch = 1'000, .target = target, .due_us = [due_us](uint64_t) { return due_us; }});
  if (wall_us() > due_us) give_up("handing over took longer than --ahead");
}

void print_arrivals(const Common& common, const Plan& plan, int64_t due_us, const std::vector<Arrival>& arrivals,
                    uint64_t repeats, const CpuMeter& cpu) {
  std::vector<double> lag_ms;
  int64_t last = due_us;
  uint64_t early = 0;
  for (const auto& one : arrivals) {
    if (one.arrived_us == 0) continue;
    lag_ms.push_back(static_cast<double>(one.arrived_us - due_us) / 1e3);
    last = std::max(last, one.arrived_us);
    if (one.arrived_us < due_us || (one.fired_us != 0 && one.fired_us < due_us)) ++early;
  }
  Line line(common.name);
  line.add("events", plan.events);
  line.add("delivered_per_s",
           static_cast<double>(lag_ms.size()) * 1e6 / static_cast<double>(std::max<int64_t>(last - due_us, 1)));
  line.add("first_ms", lag_ms.empty() ? 0 : *std::ranges::min_element(lag_ms), 3);
  line.add("last_ms", lag_ms.empty() ? 0 : *std::ranges::max_element(lag_ms), 3);
  add_percentiles(line, "", lag_ms);
  line.add("early", early).add("lost", plan.events - lag_ms.size()).add("repeats", repeats);
  cpu.add_to(line, plan.events);
  line.print();
}

Plan plan_of(Options& options, int64_t events) {
  return {.events = static_cast<uint64_t>(options.number("events", events)),
          .ahead_seconds = options.real("ahead", 6),
          .patience_seconds = options.real("patience", 60)};
}

}  // namespace

void burst(const Common& common, Options& options) {
  const Plan plan = plan_of(options, 50'000);
  options.done();
  StreamReader reader(common.server, plan.events);
  const int64_t due_us = instant_after(plan.ahead_seconds);
  submit(common, plan, "", due_us);
  sleep_until_wall(due_us);
  CpuMeter cpu(common.pid);
  reader.wait_for_all(due_us + static_cast<int64_t>(plan.patience_seconds * 1e6));
  cpu.stop();
  reader.stop();
  print_arrivals(common, plan, due_us, reader.arrivals(), reader.repeats(), cpu);
}

void webhook(const Common& common, Options& options) {
  const Plan plan = plan_of(options, 10'000);
  options.done();
  std::vector<Arrival> arrivals(plan.events);
  std::atomic<size_t> seen = 0;
  uint64_t repeats = 0;
  HttpReceiver receiver(0, [&](std::string_view, std::string_view body) -> std::string_view {
    const size_t at = body.find(kPayloadStart);
    const uint64_t number =
        at == body.npos ? plan.events : read_digits(body.data() + at + kPayloadStart.size(), kNumberDigits);
    if (number < plan.events) {
      Arrival& arrival = arrivals[number];
      repeats += arrival.arrived_us != 0 ? 1 : 0;
      if (arrival.arrived_us == 0) ++seen;
      arrival.arrived_us = wall_us();
    }
    return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  });
  const int64_t due_us = instant_after(plan.ahead_seconds);
  submit(common, plan, fmt::format(R"({{"type":"webhook","url":"http://127.0.0.1:{}/hook"}})", receiver.port()),
         due_us);
  sleep_until_wall(due_us);
  CpuMeter cpu(common.pid);
  const int64_t until = due_us + static_cast<int64_t>(plan.patience_seconds * 1e6);
  while (seen < plan.events && wall_us() < until) sleep_until_wall(wall_us() + 20'000);
  cpu.stop();
  receiver.stop();
  print_arrivals(common, plan, due_us, arrivals, repeats, cpu);
}

}  // namespace schedules::load
