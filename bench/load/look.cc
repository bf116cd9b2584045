// Reading a full store, and the first signs of life of a server that was just started.
#include <unistd.h>

#include "load/event_text.h"
#include "load/figures.h"
#include "load/modes.h"
#include "load/stream_reader.h"

namespace schedules::load {

void list(const Common& common, Options& options) {
  const auto calls = static_cast<size_t>(options.number("calls", 200));
  const std::string query = options.text("query", "limit=100");
  options.done();
  Fleet fleet(common.server, 1);
  const std::string request = "GET /api/v1/events?" + query + " HTTP/1.1\r\nHost: " + common.server.text() + "\r\n\r\n";
  std::vector<double> took_ms;
  size_t bytes = 0;
  CpuMeter cpu(common.pid);
  for (size_t i = 0; i < calls; ++i) {
    const Answer answer = fleet.ask(request);
    if (answer.status != 200) give_up("the list was refused: " + std::string(answer.body));
    bytes = answer.body.size();
    took_ms.push_back(static_cast<double>(answer.took_ns) / 1e6);
  }
  cpu.stop();
  Line line(common.name);
  const double first = took_ms.front();
  line.add("calls", calls).add("bytes", bytes).add("first_ms", first, 3);
  add_percentiles(line, "", took_ms);
  cpu.add_to(line, calls);
  line.print();
}

void probe(const Common& common, Options& options) {
  const int64_t since_us = options.number("since", wall_us());
  const int64_t until_us = since_us + static_cast<int64_t>(options.real("patience", 120) * 1e6);
  options.done();
  int descriptor = -1;
  while ((descriptor = connect_to(common.server)) < 0) {
    if (wall_us() > until_us) give_up("the server does not come back");
    sleep_until_wall(wall_us() + 2'000);
  }
  ::close(descriptor);
  const int64_t accepts_us = wall_us();
  StreamReader reader(common.server, 1);
  Fleet fleet(common.server, 1);
  EventRequest request({.events = 1, .ndjson = false, .host = common.server.text(), .target = ""});
  request.set(0, {.number = 0, .due_us = wall_us()});
  const Answer answer = fleet.ask(request.text());
  if (answer.status != 201) give_up("refused: " + std::string(answer.body));
  const int64_t acknowledged_us = wall_us();
  while (reader.seen() == 0 && wall_us() < until_us) sleep_until_wall(wall_us() + 1'000);
  reader.stop();
  if (reader.seen() == 0) give_up("the event was not seen to fire");
  const auto seconds = [since_us](int64_t at_us) { return static_cast<double>(at_us - since_us) / 1e6; };
  Line line(common.name);
  line.add("accepts_s", seconds(accepts_us), 3).add("acknowledged_s", seconds(acknowledged_us), 3);
  line.add("fires_s", seconds(reader.arrivals()[0].arrived_us), 3);
  line.print();
}

}  // namespace schedules::load
