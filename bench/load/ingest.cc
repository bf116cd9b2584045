#include "load/feed.h"
#include "load/figures.h"
#include "load/modes.h"

namespace schedules::load {

void ingest_batch(const Common& common, Options& options) {
  const auto connections = static_cast<size_t>(options.number("connections", 4));
  const auto batch = static_cast<size_t>(options.number("batch", 1'000));
  const auto events = static_cast<uint64_t>(options.number("events", 400'000));
  options.done();
  Fleet fleet(common.server, connections);
  const int64_t now = wall_us();
  CpuMeter cpu(common.pid);
  auto fed =
      feed(common.server, fleet, {.events = events, .batch = batch, .target = "", .due_us = [now](uint64_t number) {
                                    return far_due_us(now, number);
                                  }});
  cpu.stop();
  Line line(common.name);
  line.add("events", events).add("connections", connections).add("batch", batch);
  line.add("events_per_s", static_cast<double>(events) * 1e9 / static_cast<double>(fed.took_ns));
  add_percentiles(line, "batch_", fed.batch_ms);
  cpu.add_to(line, events);
  line.print();
}

void ingest_single(const Common& common, Options& options) {
  const auto connections = static_cast<size_t>(options.number("connections", 64));
  const auto events = static_cast<uint64_t>(options.number("events", 100'000));
  options.done();
  Fleet fleet(common.server, connections);
  std::vector<EventRequest> requests(
      connections, EventRequest({.events = 1, .ndjson = false, .host = common.server.text(), .target = ""}));
  const int64_t now = wall_us();
  std::vector<double> took_ms;
  took_ms.reserve(events);
  uint64_t next = 0;
  const auto send = [&](size_t line) {
    if (next == events) return;
    requests[line].set(0, {.number = next, .due_us = far_due_us(now, next)});
    ++next;
    fleet.send(line, requests[line].text());
  };
  CpuMeter cpu(common.pid);
  const int64_t began = steady_ns();
  for (size_t line = 0; line < connections; ++line) send(line);
  while (fleet.under_way() > 0) {
    fleet.work(-1, [&](size_t line, const Answer& answer) {
      if (answer.status != 201) give_up("refused: " + std::to_string(answer.status) + " " + std::string(answer.body));
      took_ms.push_back(static_cast<double>(answer.took_ns) / 1e6);
      send(line);
    });
  }
  const int64_t took = steady_ns() - began;
  cpu.stop();
  Line line(common.name);
  line.add("events", events).add("connections", connections);
  line.add("events_per_s", static_cast<double>(events) * 1e9 / static_cast<double>(took));
  add_percentiles(line, "", took_ms);
  cpu.add_to(line, events);
  line.print();
}

}  // namespace schedules::load
