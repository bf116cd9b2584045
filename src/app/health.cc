#include "app/health.h"

namespace schedules {
namespace {

constexpr Duration kPatience = std::chrono::seconds(3);

}  // namespace

void Health::asked(const std::string& part) {
  const std::scoped_lock lock(mutex_);
  auto [found, is_new] = parts_.try_emplace(part);
  if (is_new) found->second.since = clock_.wall();
  if (!found->second.waiting_since) found->second.waiting_since = clock_.steady();
}

void Health::answered(const std::string& part, const Status& status) {
  const std::scoped_lock lock(mutex_);
  auto [found, is_new] = parts_.try_emplace(part);
  auto& one = found->second;
  one.waiting_since.reset();
  if (is_new || one.healthy != status.has_value()) one.since = clock_.wall();
  one.healthy = status.has_value();
  one.detail = status ? "" : status.error().detail;
}

std::vector<api::HealthPart> Health::parts() const {
  const std::scoped_lock lock(mutex_);
  std::vector<api::HealthPart> out;
  for (const auto& [name, part] : parts_) {
    const bool silent = part.waiting_since && clock_.steady() - *part.waiting_since > kPatience;
    const bool healthy = part.healthy && !silent;
    out.push_back(api::HealthPart{.name = name,
                                  .healthy = healthy,
                                  .status = healthy ? "healthy" : "unhealthy",
                                  .since = part.since,
                                  .detail = silent ? "does not answer" : part.detail,
                                  .required = name == "storage",
                                  .total_events = {}});
  }
  return out;
}

}  // namespace schedules
