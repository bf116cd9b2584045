// Hands events over in NDJSON batches, as many at a time as there are connections.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "load/event_text.h"
#include "load/http_client.h"

namespace schedules::load {

struct Feed {
  uint64_t events = 0;
  size_t batch = 1'000;
  std::string target;  ///< JSON; empty: the server's default
  std::function<int64_t(uint64_t number)> due_us;
};

struct Fed {
  int64_t took_ns = 0;           ///< from the first byte sent to the last answer
  std::vector<double> batch_ms;  ///< each batch
};

/// All are acknowledged when it returns; one that is refused ends the program.
Fed feed(const Address& address, Fleet& fleet, const Feed& what);
void check_batch(const Answer& answer, size_t events);

/// Evenly spread over 1 to 20 hours from now.
int64_t far_due_us(int64_t now_us, uint64_t number);

}  // namespace schedules::load
