#include "sink/stream/tee_sink.h"

namespace schedules {
namespace {

constexpr size_t kMostShowing = 8'192;

}  // namespace

void TeeSink::publish(std::vector<Delivery> deliveries, Published done) {
  if (*showing_ >= kMostShowing) return first_.publish(std::move(deliveries), std::move(done));
  auto copy = deliveries;
  first_.publish(std::move(deliveries),
                 [this, copy = std::move(copy), done = std::move(done)](Reports reports) mutable {
                   show(std::move(copy), reports);
                   done(std::move(reports));
                 });
}

void TeeSink::show(std::vector<Delivery> deliveries, const Reports& reports) {
  std::vector<Delivery> delivered;
  delivered.reserve(deliveries.size());
  for (size_t i = 0; i < deliveries.size(); ++i) {
    if (reports.at(i).verdict == Verdict::delivered) delivered.push_back(std::move(deliveries[i]));
  }
  if (delivered.empty()) return;
  const size_t count = delivered.size();
  *showing_ += count;
  stream_.publish(std::move(delivered), [showing = showing_, count](const Reports&) { *showing -= count; });
}

}  // namespace schedules
