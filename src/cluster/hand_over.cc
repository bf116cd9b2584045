// A node that stops: its leases go to the others at once.
#include "cluster/rounds.h"

namespace schedules {
namespace {

constexpr Duration kPatience = std::chrono::seconds(2);

}  // namespace

void Rounds::resign(Done<void> done) {
  {
    const std::scoped_lock lock(mutex_);
    resign_ = std::move(done);
  }
  wake_();
}

void Rounds::hand_over() {
  stage_ = Stage::handing_over;
  began_ = clock_.steady();
  const auto leases = leases_.all();
  leases_.drop_all();
  tell();
  {
    const std::scoped_lock lock(mutex_);
    resigned_ = true;
    leads_until_ = {};
    ++round_;
    open_ = 1 + leases.size();
    trouble_.reset();
  }
  const auto answered = [self = shared_from_this(), round = round_](const Error* error) {
    {
      const std::scoped_lock lock(self->mutex_);
      if (round == self->round_) --self->open_;
      if (error != nullptr) self->trouble_ = *error;
    }
    self->wake_();
  };
  // First, so that who hears of a free shard counts us out.
  store_->leave([answered](const Result<void>& left) { answered(left ? nullptr : &left.error()); });
  for (const auto& [shard, lease] : leases) {
    store_->release(shard, lease.epoch, LeaseStore::When::now,
                    [answered](const Result<bool>& released) { answered(released ? nullptr : &released.error()); });
  }
}

SteadyPoint Rounds::hand_over_some_more() {
  if (!answered() && clock_.steady() < began_ + kPatience) return began_ + kPatience;
  handed_over();
  return SteadyPoint::max();
}

void Rounds::handed_over() {
  stage_ = Stage::gone;
  std::optional<Done<void>> done;
  std::optional<Error> trouble;
  {
    const std::scoped_lock lock(mutex_);
    trouble = trouble_;
    if (open_ > 0 && !trouble) {
      trouble = Error{.code = Code::unavailable, .detail = "the store did not answer the handing over"};
    }
    done = std::exchange(resign_, std::nullopt);
  }
  if (trouble) return (*done)(fail(std::move(*trouble)));
  (*done)({});
}

}  // namespace schedules
