#include "store/clickhouse/far_writer.h"

#include <algorithm>

namespace schedules {
namespace {

constexpr unsigned kBatchRandomBits = 22;

}  // namespace

FarWriter::FarWriter(ClickHouseGate& gate, FarWriterOptions options, const Clock& clock, Random& random)
    : gate_(gate), options_(options), clock_(clock), random_(random), node_(random.next()) {}

void FarWriter::submit(FarRequestPtr request) {
  std::vector<Round> rounds;
  {
    const std::scoped_lock lock(mutex_);
    if (queue_.empty() || queued_bytes_ + request->bytes() <= options_.queue_bytes) {
      queued_bytes_ += request->bytes();
      queued_count_ += request->count();
      queue_.push_back(std::move(request));
      rounds = take();
    }
  }
  if (!request) return start(std::move(rounds));
  Error error{.code = Code::overloaded, .detail = "too many far events wait to be written to ClickHouse"};
  error.retry_after = std::chrono::seconds(1);
  request->answer(nullptr, fail(std::move(error)));
}

std::vector<FarWriter::Round> FarWriter::take() {
  std::vector<Round> rounds;
  while (under_way_ < options_.rounds && (under_way_ == 0 || queued_count_ >= options_.worth_a_round)) {
    auto round = take_one();
    if (round.requests.empty()) break;
    ++under_way_;
    rounds.push_back(std::move(round));
  }
  return rounds;
}

FarWriter::Round FarWriter::take_one() {
  Round round;
  size_t bytes = 0;
  while (!queue_.empty()) {
    const auto& next = queue_.front();
    const size_t known = round.ids.size();
    next->ids(round.ids);
    const bool busy = std::any_of(round.ids.begin() + static_cast<ptrdiff_t>(known), round.ids.end(),
                                  [&](const EventId& id) { return busy_.contains(id); });
    const bool full = round.ids.size() > options_.group_count || bytes + next->bytes() > options_.group_bytes;
    if (busy || (full && known > 0)) {
      round.ids.resize(known);
      break;
    }
    bytes += next->bytes();
    queued_bytes_ -= next->bytes();
    queued_count_ -= next->count();
    round.requests.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  if (round.requests.empty()) return round;
  busy_.insert(round.ids.begin(), round.ids.end());
  const TimePoint now = clock_.wall();
  round.options =
      FarRoundOptions{.now = now, .node = node_, .dedupe_window = options_.dedupe_window, .batch = next_batch(now)};
  return round;
}

void FarWriter::start(std::vector<Round> rounds) {
  for (auto& round : rounds) {
    run_far_round(gate_, std::move(round.requests), round.options, [this, ids = std::move(round.ids)] { ended(ids); });
  }
}

void FarWriter::ended(const std::vector<EventId>& ids) {
  std::vector<Round> rounds;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& id : ids) busy_.erase(id);
    --under_way_;
    rounds = take();
  }
  start(std::move(rounds));
}

// Milliseconds ‖ random: what is read back by its batch is found in the newest parts.
uint64_t FarWriter::next_batch(TimePoint now) {
  const auto millis = static_cast<uint64_t>(to_micros(now) / 1000);
  const uint64_t fresh = (millis << kBatchRandomBits) + random_.below(uint64_t{1} << kBatchRandomBits);
  last_batch_ = std::max(last_batch_ + 1, fresh);
  return last_batch_;
}

}  // namespace schedules
