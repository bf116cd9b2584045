// Cancel, reschedule, replace (semantics S10): answers that are true, whatever fires at the same moment.
#include "engine/dispatch.h"
#include "engine/intake.h"

namespace schedules {
namespace {

constexpr int kChangeTries = 8;

}  // namespace

void Intake::cancel(EventId id, std::optional<uint64_t> if_revision, std::chrono::milliseconds wait,
                    Done<ChangeAnswer> done) {
  const CancelRequest request{.id = id, .if_revision = if_revision, .at = ports_.clock.wall()};
  tiers_.cancel(request, [this, id, if_revision, wait, done = std::move(done)](Result<Changed> changed) mutable {
    if (!changed) return done(fail(changed.error()));
    ChangeAnswer so_far{changed->result, std::move(changed->current)};
    if (so_far.result == ChangeResult::in_flight && wait.count() > 0) {
      return wait_then_cancel(id, if_revision, wait, std::move(so_far), std::move(done));
    }
    if (so_far.result == ChangeResult::done && so_far.current) {
      ports_.probe.ended(State::cancelled, "");
      ports_.log.record(
          {execution_of(so_far.current->event, so_far.current->outcome, RunStatus::skipped, options_.node_id)});
      waiters_.tell(*so_far.current);
    }
    done(std::move(so_far));
  });
}

void Intake::wait_then_cancel(EventId id, std::optional<uint64_t> if_revision, std::chrono::milliseconds wait,
                              ChangeAnswer so_far, Done<ChangeAnswer> done) {
  const SteadyPoint until = ports_.clock.steady() + wait;
  when_ended(id, wait,
             [this, id, if_revision, until, so_far = std::move(so_far),
              done = std::move(done)](Result<StoredEvent> ended) mutable {
               if (!ended) return done(std::move(so_far));  // still in flight
               if (is_final(ended->state)) {
                 return done(ChangeAnswer{ChangeResult::already_finished, std::move(*ended)});
               }
               const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - ports_.clock.steady());
               cancel(id, if_revision, std::max(left, std::chrono::milliseconds(0)), std::move(done));
             });
}

void Intake::change(EventId id, std::optional<uint64_t> if_revision, Edit edit, Done<ChangeAnswer> done) {
  get(id, [this, if_revision, edit = std::move(edit),
           done = std::move(done)](Result<std::optional<StoredEvent>> found) mutable {
    if (!found) return done(fail(found.error()));
    if (!*found) return done(ChangeAnswer{ChangeResult::not_found, std::nullopt});
    change_found(std::move(**found), if_revision, std::move(edit), kChangeTries, std::move(done));
  });
}

void Intake::change_found(StoredEvent found, std::optional<uint64_t> if_revision, Edit edit, int tries,
                          Done<ChangeAnswer> done) {
  if (is_final(found.state)) return done(ChangeAnswer{ChangeResult::already_finished, std::move(found)});
  if (if_revision && found.event.revision != *if_revision) {
    return done(ChangeAnswer{ChangeResult::revision_conflict, std::move(found)});
  }
  Event event = found.event;
  const TimePoint due_before = event.due_at;
  if (auto edited = edit(event); !edited) return done(fail(edited.error()));
  if (event.due_at != due_before) event.fire_at = event.due_at;
  auto checked = check_event(event, ports_.clock.wall());
  if (checked && event.target != found.event.target) checked = ports_.sinks.check_target(event.target);
  if (!checked) return done(fail(checked.error()));
  const EventId id = event.id;
  tiers_.change(
      std::move(event), found.tier,
      [this, id, if_revision, edit = std::move(edit), tries, done = std::move(done)](Result<Changed> changed) mutable {
        if (!changed) return done(fail(changed.error()));
        auto& one = *changed;
        const bool lost_race = one.result == ChangeResult::revision_conflict || one.result == ChangeResult::not_found;
        if (lost_race && !if_revision && tries > 0) {  // edited or transferred in between: look again
          return get(id, [this, edit = std::move(edit), tries,
                          done = std::move(done)](Result<std::optional<StoredEvent>> again) mutable {
            if (!again) return done(fail(again.error()));
            if (!*again) return done(ChangeAnswer{ChangeResult::not_found, std::nullopt});
            change_found(std::move(**again), std::nullopt, std::move(edit), tries - 1, std::move(done));
          });
        }
        if (one.result == ChangeResult::done && one.current && one.current->tier == Tier::near) {
          const auto& now_stored = one.current->event;
          arrived_({WindowEntry{now_stored.id, now_stored.fire_at, 0, now_stored.priority,
                                ports_.near.shard_of(now_stored.id)}});
        }
        done(ChangeAnswer{one.result, std::move(one.current)});
      });
}

}  // namespace schedules
