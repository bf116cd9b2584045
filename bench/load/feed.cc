#include "load/feed.h"

#include <algorithm>
#include <memory>

namespace schedules::load {

int64_t far_due_us(int64_t now_us, uint64_t number) {
  constexpr uint64_t kHour = 3'600'000'000;
  constexpr uint64_t kGolden = 0x9E37'79B9'7F4A'7C15;  // its multiples fall evenly
  const uint64_t within = (number * kGolden >> 20) % (19 * kHour);
  return now_us + static_cast<int64_t>(kHour + within);
}

// An answer in which all were created has a known length; any other is looked at.
void check_batch(const Answer& answer, size_t events) {
  if (answer.status == 207 && answer.body.size() == bytes_of_results(events)) return;
  constexpr std::string_view kCreated = R"("status":201)";
  size_t created = 0;
  for (size_t at = 0; (at = answer.body.find(kCreated, at)) != answer.body.npos; at += kCreated.size()) ++created;
  if (answer.status == 207 && created == events) return;
  give_up("a batch was refused: " + std::to_string(answer.status) + " " + std::string(answer.body.substr(0, 400)));
}

Fed feed(const Address& address, Fleet& fleet, const Feed& what) {
  Fed fed;
  std::vector<std::unique_ptr<EventRequest>> requests(fleet.size());
  uint64_t next = 0;
  const auto send = [&](size_t line) {
    const auto count = static_cast<size_t>(std::min<uint64_t>(what.batch, what.events - next));
    if (count == 0) return;
    auto& request = requests[line];
    if (!request || request->events() != count) {
      request = std::make_unique<EventRequest>(
          EventRequest::Shape{.events = count, .ndjson = true, .host = address.text(), .target = what.target});
    }
    for (size_t i = 0; i < count; ++i, ++next) request->set(i, {.number = next, .due_us = what.due_us(next)});
    fleet.send(line, request->text());
  };
  const int64_t began = steady_ns();
  for (size_t line = 0; line < fleet.size(); ++line) send(line);
  while (fleet.under_way() > 0) {
    fleet.work(-1, [&](size_t line, const Answer& answer) {
      check_batch(answer, requests[line]->events());
      fed.batch_ms.push_back(static_cast<double>(answer.took_ns) / 1e6);
      send(line);
    });
  }
  fed.took_ns = steady_ns() - began;
  return fed;
}

}  // namespace schedules::load
