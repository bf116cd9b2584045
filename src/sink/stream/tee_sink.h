// Shows in the stream what another sink has delivered, so that whoever follows the stream sees everything that fires. The
// other sink alone decides about the event: a copy that finds the stream busy is left out.
#pragma once

#include <atomic>
#include <memory>

#include "sink/sink.h"

namespace schedules {

class TeeSink final : public Sink {
 public:
  /// Both must outlive it, and it what they have under way.
  TeeSink(Sink& first, Sink& stream) : first_(first), stream_(stream) {}

  [[nodiscard]] std::string_view name() const override { return first_.name(); }
  [[nodiscard]] size_t batch_limit() const override { return first_.batch_limit(); }
  [[nodiscard]] std::string lane_of(const Event& event) const override { return first_.lane_of(event); }
  void publish(std::vector<Delivery> deliveries, Published done) override;

 private:
  void show(std::vector<Delivery> deliveries, const Reports& reports);

  Sink& first_;
  Sink& stream_;
  /// Copies that the stream has not yet taken; shared, since its last answers may come late.
  std::shared_ptr<std::atomic<size_t>> showing_ = std::make_shared<std::atomic<size_t>>(0);
};

}  // namespace schedules
