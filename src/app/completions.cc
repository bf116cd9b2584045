#include "app/completions.h"

#include "engine/dispatch.h"

namespace schedules {
namespace {

constexpr size_t kRemembered = 100'000;

}  // namespace

void Completions::complete(api::Completion completion, Done<void> done) {
  const EventId id = completion.id;
  events_.get(id, [this, completion = std::move(completion),
                   done = std::move(done)](Result<std::optional<StoredEvent>> found) mutable {
    if (!found) return done(fail(found.error()));
    if (!*found) return done(fail(Code::not_found, "there is no such event"));
    fired(completion, **found, std::move(done));
  });
}

void Completions::fired(const api::Completion& completion, const StoredEvent& stored, Done<void> done) {
  if (stored.state != State::fired) {
    return done(fail(Code::conflict, "the event is {}, not fired", to_string(stored.state)));
  }
  {
    const std::scoped_lock lock(mutex_);
    if (completed_.size() >= kRemembered) completed_.clear();
    if (!completed_.insert(completion.id).second) return done(fail(Code::conflict, "it was completed already"));
  }
  auto execution = execution_of(stored.event, stored.outcome,
                                completion.success ? RunStatus::success : RunStatus::failure, node_id_);
  execution.id += "-completed";
  execution.executed_at = clock_.wall();
  execution.duration = completion.duration.value_or(std::chrono::milliseconds(0));
  execution.reason = "completed";
  execution.error = completion.error;
  log_.record({std::move(execution)});
  if (stored.event.schedule_id.empty()) return done({});
  // The next run of its schedule may begin.
  runs_.change_runs(
      stored.event.schedule_id,
      [id = completion.id](std::vector<RunEntry>& runs) {
        std::erase_if(runs, [&](const RunEntry& run) { return run.event == id; });
      },
      [done = std::move(done)](Result<std::vector<RunEntry>> struck) mutable {
        if (!struck) return done(fail(std::move(struck.error())));
        done({});
      });
}

}  // namespace schedules
