// Work over many events as a job: so many at a time, or so many a second. Inside the room only.
#pragma once

#include "api/context.h"

namespace schedules::api {

inline constexpr size_t kMaxBulk = 1'000'000;  ///< events of one job
inline constexpr size_t kBulkUnderWay = 256;

/// Starts the work on one event and calls back when it has ended, on any thread.
using BulkStep = std::function<void(EventId, Task)>;

/// Runs the step for every id, at most kBulkUnderWay at once, or `rate` a second; then finishes the job.
void run_bulk(Context& context, std::shared_ptr<Job> job, std::vector<EventId> ids, BulkStep step,
              std::optional<double> rate);
/// 202 with the job and its Location.
void answer_job(Call& call, const Job& job);

}  // namespace schedules::api
