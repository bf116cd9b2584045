// The writing calls of the far store and its catalog as requests of a group. Internal to this room.
#pragma once

#include <memory>
#include <vector>

#include "store/clickhouse/far_group.h"

namespace schedules {

class FarRequest {
 public:
  virtual ~FarRequest() = default;
  virtual void ids(std::vector<EventId>& out) const = 0;
  [[nodiscard]] virtual size_t count() const = 0;
  [[nodiscard]] virtual size_t bytes() const = 0;
  virtual void apply(FarGroup& group) = 0;
  /// Everything is written; once. With an error: nothing is promised.
  virtual void answer(const FarGroup* group, const Status& written) = 0;
};

using FarRequestPtr = std::unique_ptr<FarRequest>;

FarRequestPtr far_put(std::vector<Event> events, Done<std::vector<PutOutcome>> done);
FarRequestPtr far_cancel(std::vector<CancelRequest> wanted, Done<std::vector<Changed>> done);
FarRequestPtr far_change(std::vector<Event> events, Done<std::vector<Changed>> done);
/// Closes what changes that were cut short left open.
FarRequestPtr far_tidy(std::vector<EventId> ids, Done<void> done);
FarRequestPtr far_mark(std::vector<FarRevision> moved, Done<void> done);

}  // namespace schedules
