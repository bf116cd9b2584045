#include "tests/sim/users.h"

#include "time/text.h"

namespace schedules::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration kPunctual = seconds(3);  // where nothing is broken: due → published

}  // namespace

SimNode* Users::some_node() {
  std::vector<SimNode*> there;
  for (const auto& node : nodes_) {
    if (node->answers()) there.push_back(node.get());
  }
  return there.empty() ? nullptr : there[below(there.size())];
}

void Users::act(uint64_t term, bool watching) {
  if (term != term_) return;
  const auto dice = watching ? 0 : below(100);
  if (auto* node = some_node(); node != nullptr) {
    if (dice < 60) {
      accept_event(*node, watching);
    } else if (dice < 72) {
      cancel_event(*node);
    } else if (dice < 77) {
      claim_event(*node);
    } else if (dice < 84) {
      move_event(*node);
    } else if (dice < 90) {
      create_schedule(*node);
    } else {
      edit_schedule(*node);
    }
  }
  world_.after(world_.up_to(milliseconds(700)), [this, term, watching] { act(term, watching); });
}

Event Users::some_new_event(bool watching) {
  Event event;
  event.topic = fmt::format("topic{}", below(3));
  event.entity_type = "thing";
  event.action = "happen";
  event.key = below(3) == 0 && !watching ? "key" : "";
  event.target.url = fmt::format("lane{}", below(2));
  event.priority = static_cast<int8_t>(static_cast<int>(below(5)) - 2);
  event.max_retries = static_cast<uint32_t>(below(6));
  event.retry_delay = milliseconds(100 + below(3'000));
  const Duration in{static_cast<int64_t>(below(below(4) == 0 && !watching ? 60'000'000 : 6'000'000)) - 1'000'000};
  event.due_at = world_.truth.wall() + in;
  event.id = random_id(*world_.random);
  return event;
}

void Users::accept_event(SimNode& node, bool watching) {
  auto event = some_new_event(watching);
  if (!watching && below(6) == 0 && !sent_.empty()) event = sent_[below(sent_.size())];  // a repeat
  sent_.push_back(event);
  const auto id = event.id;
  const auto due = event.due_at;
  node.engine().events().accept(
      {std::move(event)}, {}, [this, id, due, watching](Result<std::vector<Accepted>> answers) {
        if (!answers || answers->front().error) return;
        const bool created = answers->front().result == PutResult::created;
        if (created) {
          ++accepted;
          world_.say(fmt::format("accepted {} due {}", id.text(), format_time(due)));
        }
        ledger_.accepted(id, created ? due : answers->front().stored.event.due_at);
        if (watching)
          ledger_.must_fire_by(id,
                               world_.truth.steady() + std::max(due - world_.truth.wall(), Duration{0}) + kPunctual);
      });
}

std::optional<EventId> Users::some_event() {
  if (ledger_.events.empty()) return std::nullopt;
  auto it = ledger_.events.begin();
  std::advance(it, static_cast<std::ptrdiff_t>(below(ledger_.events.size())));
  return it->first;
}

void Users::cancel_event(SimNode& node) {
  const auto id = some_event();
  if (!id) return;
  const milliseconds wait(below(3) == 0 ? 500 : 0);
  node.engine().events().cancel(*id, {}, wait, [this, id = *id](Result<ChangeAnswer> answer) {
    if (!answer || answer->result != ChangeResult::done) return;
    world_.say(fmt::format("cancelled {}", id.text()));
    ledger_.cancelled(id, world_.truth.steady());
  });
}

// A worker takes an event, and answers in time, too late or never.
void Users::claim_event(SimNode& node) {
  if (sent_.empty()) return;
  const EventId id = sent_[sent_.size() - 1 - below(std::min<size_t>(sent_.size(), 4))].id;
  const seconds lease(1 + below(4));
  node.engine().claims().claim(id, "worker", lease, [this, id, lease, &node](const Result<Claim>& claim) {
    if (!claim) return;
    ++claims;
    world_.say(fmt::format("claimed {} at {}", id.text(), node.link.name));
    // Leases run on the engine's clock from when it took the event; that was just now or before.
    ledger_.claimed(id, {.begun_at = node.events.begun_at[id],
                         .until = world_.truth.steady() + lease,
                         .told = claim->until,
                         .life = node.link.life});
    if (below(4) == 0) return;
    world_.after(world_.up_to(seconds(5)), [this, id, &node] { end_claim(node, id); });
  });
}

void Users::end_claim(SimNode& node, const EventId& id) {
  if (!node.answers()) return;
  const bool success = below(3) != 0;
  ledger_.claim_ends(id, success);
  node.engine().claims().complete(id, {.success = success, .error = "simulated"}, [this, id](const Result<State>& end) {
    if (end) world_.say(fmt::format("worker ended {}: {}", id.text(), to_string(*end)));
  });
}

void Users::move_event(SimNode& node) {
  const auto id = some_event();
  if (!id || ledger_.events[*id].change_under_way) return;
  ledger_.events[*id].change_under_way = true;
  const TimePoint due = world_.truth.wall() + world_.up_to(seconds(15));
  const Edit edit = [due](Event& event) -> Status {
    if (!event.schedule_id.empty()) return fail(Code::conflict, "an occurrence");
    event.due_at = due;
    return {};
  };
  node.engine().events().change(*id, {}, edit, [this, id = *id, due](const Result<ChangeAnswer>& answer) {
    if (!answer && answer.error().code == Code::unavailable) return;  // perhaps it was done: stays open
    ledger_.events[id].change_under_way = false;
    if (!answer || answer->result != ChangeResult::done) return;
    world_.say(fmt::format("moved {} to {}", id.text(), format_time(due)));
    ledger_.events[id].due_at = due;
  });
}

void Users::create_schedule(SimNode& node) {
  Schedule schedule;
  schedule.name = fmt::format("schedule {}", ++names_);
  schedule.event_type = "report";
  schedule.event_action = "make";
  schedule.every = seconds(1 + below(10));
  node.engine().schedules().create(std::move(schedule), [this](const Result<Schedule>& created) {
    if (!created) return;
    world_.say(fmt::format("schedule {}", created->id));
    ledger_.schedules[created->id].revision = created->revision;
    schedule_ids_.push_back(created->id);
  });
}

void Users::remove_schedule(SimNode& node, const std::string& id) {
  node.engine().schedules().remove(id, nullptr, [this, id](const Result<bool>& removed) {
    if (!removed) return;
    auto& schedule = ledger_.schedules[id];
    schedule.edit_under_way = false;
    schedule.stopped = true;
    schedule.revision_acked_at = world_.truth.steady();
  });
}

void Users::edit_schedule(SimNode& node) {
  if (schedule_ids_.empty()) return;
  const auto id = schedule_ids_[below(schedule_ids_.size())];
  auto& known = ledger_.schedules[id];
  if (known.edit_under_way) return;
  known.edit_under_way = true;
  const auto dice = below(4);
  if (dice == 0) return remove_schedule(node, id);
  const auto status = dice == 1 ? ScheduleStatus::paused : ScheduleStatus::active;
  const bool new_action = dice == 3;
  const ScheduleEdit edit = [status, new_action, n = ++names_](Schedule& schedule) -> Status {
    if (new_action) {
      schedule.event_action = fmt::format("make{}", n);
    } else {
      schedule.status = status;
    }
    return {};
  };
  node.engine().schedules().edit(id, {}, edit, [this, id](const Result<Schedule>& edited) {
    auto& schedule = ledger_.schedules[id];
    if (!edited) {
      if (edited.error().code != Code::unavailable) schedule.edit_under_way = false;
      return;
    }
    schedule.edit_under_way = false;
    schedule.revision = edited->revision;
    schedule.stopped = edited->status != ScheduleStatus::active;
    schedule.revision_acked_at = world_.truth.steady();
  });
}

}  // namespace schedules::sim
