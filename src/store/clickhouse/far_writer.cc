#include "store/clickhouse/far_writer.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr unsigned kBatchRandomBits = 22;

}  // namespace

FarWriter::FarWriter(ClickHouseGate& gate, FarWriterOptions options, const Clock& clock, Random& random)
    : gate_(gate), options_(options), clock_(clock), random_(random), node_(random.next()) {}

void FarWriter::submit(FarRequestPtr request) {
  bool refused = false;
  {
    const std::scoped_lock lock(mutex_);
    refused = queued_bytes_ + request->bytes() > options_.queue_bytes && !queue_.empty();
    if (!refused) {
      queued_bytes_ += request->bytes();
      queue_.push_back(std::move(request));
      if (std::exchange(busy_, true)) return;
    }
  }
  if (!refused) return next_round();
  Error error{.code = Code::overloaded, .detail = "too many far events wait to be written to ClickHouse"};
  error.retry_after = std::chrono::seconds(1);
  request->answer(nullptr, fail(std::move(error)));
}

std::vector<FarRequestPtr> FarWriter::take() {
  const std::scoped_lock lock(mutex_);
  std::vector<FarRequestPtr> requests;
  size_t count = 0;
  size_t bytes = 0;
  while (!queue_.empty()) {
    count += queue_.front()->count();
    bytes += queue_.front()->bytes();
    const bool full = count > options_.group_count || bytes > options_.group_bytes;
    if (full && !requests.empty()) break;
    queued_bytes_ -= queue_.front()->bytes();
    requests.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  busy_ = !requests.empty();
  return requests;
}

void FarWriter::next_round() {
  auto requests = take();
  if (requests.empty()) return;
  const TimePoint now = clock_.wall();
  run_far_round(gate_, std::move(requests),
                FarRoundOptions{.now = now, .node = node_, .dedupe_window = options_.dedupe_window, .batch = next_batch(now)},
                [this] { next_round(); });
}

// Milliseconds ‖ random: what is read back by its batch is found in the newest parts.
uint64_t FarWriter::next_batch(TimePoint now) {
  const auto millis = static_cast<uint64_t>(to_micros(now) / 1000);
  const uint64_t fresh = (millis << kBatchRandomBits) + random_.below(uint64_t{1} << kBatchRandomBits);
  last_batch_ = std::max(last_batch_ + 1, fresh);
  return last_batch_;
}

}  // namespace schedules
