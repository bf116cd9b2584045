// Creating, changing and removing events through the views of the tiers.
#include "api/admin/tier_access.h"

namespace schedules::api {
namespace {

struct NewEvent {
  Event event;
  TierEventInput input;
};

Event blank_event(const Context& context, TierView view) {
  Event event;
  event.source = view == TierView::scheduled ? "api_request" : "redis";
  event.max_retries = context.options.default_max_retries;
  event.retry_delay = context.options.default_retry_delay;
  if (view == TierView::scheduled) event.max_delay = std::chrono::seconds(86'400);
  return event;
}

Result<NewEvent> read_new(const Context& context, TierView view, std::string_view text, const CheckEvent& check) {
  json::Document document;
  if (auto read = document.read(text); !read) return fail(std::move(read.error()));
  Faults faults;
  NewEvent made{blank_event(context, view), read_tier_event(view, document, faults)};
  require_tier_event(view, document, faults);
  if (faults.any()) return fail(faults.error());
  made.input.status.reset();  // a new event waits
  made.input.apply(made.event);
  if (made.event.correlation_id.empty()) made.event.correlation_id = random_id(context.deps.random).text();
  if (auto checked = check(made.event); !checked) return fail(std::move(checked.error()));
  return made;
}

// What the engine calls `body` the views call `payload`.
Error in_our_words(Error error) {
  if (error.field == "body") error.field = "payload";
  return error;
}

void answer_changed(Context& context, CallPtr call, TierView view, EventId id, const Result<ChangeAnswer>& answer) {
  if (!answer) return call->fail(in_our_words(answer.error()));
  switch (answer->result) {
    case ChangeResult::done:
      return answer_row(context, std::move(call), view, id);
    case ChangeResult::not_found:
      return call->fail(no_tier_event(view));
    case ChangeResult::in_flight:
      return call->fail(Error{.code = Code::conflict, .detail = "the event is being processed"});
    case ChangeResult::revision_conflict:
      return call->fail(Error{.code = Code::conflict, .detail = "the event was changed at the same time"});
    case ChangeResult::already_finished:
      break;
  }
  if (answer->current && !status_of(view, *answer->current)) return call->fail(no_tier_event(view));
  call->fail(Error{.code = Code::conflict, .detail = "the event has ended"});
}

bool changes_content(const TierEventInput& input) {
  return input.topic || input.entity_type || input.entity_id || input.action || input.actor_type || input.actor_id ||
         input.payload || input.headers || input.scheduled_at || input.max_delay || input.priority || input.max_retries;
}

void change_content(Context& context, CallPtr call, TierView view, EventId id, const TierEventInput& input,
                    CheckEvent check) {
  auto changes = std::make_shared<std::string>();
  auto edit = [input, check = std::move(check), changes](Event& event) -> Status {
    const Event before = event;
    input.apply(event);
    *changes = event_changes(before, event);
    return input.scheduled_at ? check(event) : Status{};
  };
  context.deps.events.change(
      id, std::nullopt, std::move(edit),
      [&context, view, id, changes, call = std::move(call)](Result<ChangeAnswer> answer) mutable {
        if (answer && answer->result == ChangeResult::done) context.note_event(call->identity, id, "change", *changes);
        answer_changed(context, std::move(call), view, id, answer);
      });
}

void complete_by_status(Context& context, CallPtr call, TierView view, EventId id, WorkDone work) {
  context.deps.tiers.claims->complete(
      id, std::move(work), [&context, view, id, call = std::move(call)](Result<State> state) mutable {
        if (!state) return call->fail(state.error().code == Code::not_found ? no_tier_event(view) : state.error());
        answer_row(context, std::move(call), view, id);
      });
}

void transfer_then(Context& context, CallPtr call, EventId id, std::move_only_function<void(CallPtr)> next) {
  context.deps.tiers.transfer(
      {id}, [call = std::move(call), next = std::move(next)](Result<std::vector<bool>> moved) mutable {
        if (!moved) return call->fail(moved.error());
        next(std::move(call));
      });
  static_cast<void>(context);
}

// A status is what has happened; these are the ones that a caller can make happen.
void set_status(Context& context, CallPtr call, TierView view, EventId id, const TierEventInput& input,
                const TierRow& row) {
  const std::string& asked = *input.status;
  const auto finish = [&context, view, id, asked, error = input.error.value_or("")](CallPtr moved) {
    complete_by_status(context, std::move(moved), view, id, {.success = asked == "completed", .error = error});
  };
  const bool waits_far = row.stored.state == State::pending && row.stored.tier == Tier::far;
  if (asked == "transferred_to_redis" && waits_far)
    return transfer_then(context, std::move(call), id,
                         [&context, view, id](CallPtr moved) { answer_row(context, std::move(moved), view, id); });
  if (asked == "completed" || asked == "error") {
    if (waits_far) return transfer_then(context, std::move(call), id, finish);
    return finish(std::move(call));
  }
  call->fail(Error{.code = Code::conflict,
                   .detail = fmt::format("the event is {}, and cannot be set to {}",
                                         status_of(view, row.stored).value_or("gone"), asked)});
}

void update_found(Context& context, CallPtr call, TierView view, EventId id, const TierEventInput& input,
                  const CheckEvent& check, const TierRow& row) {
  const bool new_status = input.status && *input.status != status_of(view, row.stored);
  if (new_status && changes_content(input))
    return call->fail(
        Error{.code = Code::conflict, .detail = "change the event's content or its status, not both at once"});
  if (new_status) return set_status(context, std::move(call), view, id, input, row);
  if (!changes_content(input)) return answer_row(context, std::move(call), view, id);
  change_content(context, std::move(call), view, id, input, check);
}

}  // namespace

void make_one(Context& context, CallPtr call, TierView view, const CheckEvent& check) {
  auto made = read_new(context, view, call->request.body, check);
  if (!made) return call->fail(made.error());
  std::vector<Event> events;
  events.push_back(std::move(made->event));
  context.deps.events.accept(
      std::move(events), AcceptOptions{.echo = true},
      [view, call = std::move(call)](Result<std::vector<Accepted>> accepted) mutable {
        if (!accepted) return call->fail(accepted.error());
        auto& one = accepted->at(0);
        if (one.error) return call->fail(in_our_words(std::move(*one.error)));
        const bool scheduled = view == TierView::scheduled;
        http::Fields headers{{"Location", fmt::format("/api/v1/admin/{}/{}", scheduled ? "scheduled" : "redis-events",
                                                      one.stored.event.id.text())}};
        std::string body;
        append_tier_event(body, view, TierRow{std::move(one.stored), "", {}});
        call->json(201, std::move(body), std::move(headers));
      });
}

void make_many(Context& context, TierView view, const std::vector<std::string>& elements, const CheckEvent& check,
               Done<Made> done) {
  Made made;
  std::vector<Event> events;
  std::vector<size_t> places;
  for (size_t i = 0; i < elements.size(); ++i) {
    auto one = read_new(context, view, elements[i], check);
    made.errors.push_back(one ? std::nullopt : std::optional(one.error()));
    made.inputs.push_back(one ? one->input : TierEventInput{});
    if (!one) continue;
    events.push_back(std::move(one->event));
    places.push_back(i);
  }
  if (events.empty()) return done(std::move(made));
  context.deps.events.accept(std::move(events), {},
                             [made = std::move(made), places = std::move(places),
                              done = std::move(done)](Result<std::vector<Accepted>> accepted) mutable {
                               if (!accepted) return done(fail(std::move(accepted.error())));
                               for (size_t i = 0; i < places.size(); ++i)
                                 if (auto& error = accepted->at(i).error) made.errors[places[i]] = std::move(*error);
                               done(std::move(made));
                             });
}

void update_one(Context& context, CallPtr call, TierView view, CheckEvent check) {
  const auto id = tier_event_id(*call, view);
  if (!id) return call->fail(id.error());
  json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  Faults faults;
  auto input = read_tier_event(view, document, faults);
  if (faults.any()) return call->fail(faults.error());
  input.source.reset();  // where an event came from does not change
  input.correlation_id.reset();
  input.source_id.reset();
  input.source_execution_id.reset();
  input.clickhouse_schedule_id.reset();
  find_row(context, view, *id,
           [&context, view, id = *id, input = std::move(input), check = std::move(check),
            call = std::move(call)](Result<std::optional<TierRow>> row) mutable {
             if (!row) return call->fail(row.error());
             if (!*row) return call->fail(no_tier_event(view));
             update_found(context, std::move(call), view, id, input, check, **row);
           });
}

void remove_one(Context& context, CallPtr call, TierView view) {
  const auto id = tier_event_id(*call, view);
  if (!id) return call->fail(id.error());
  find_row(
      context, view, *id,
      [&context, view, id = *id, call = std::move(call)](Result<std::optional<TierRow>> row) mutable {
        if (!row) return call->fail(row.error());
        if (!*row) return call->fail(no_tier_event(view));
        context.deps.tiers.claims->drop(id, [&context, view, id, call = std::move(call)](Result<bool> dropped) mutable {
          if (!dropped) return call->fail(dropped.error());
          if (*dropped) {
            context.note_event(call->identity, id, "drop", "{}");
            return call->empty(204);
          }
          context.deps.events.cancel(id, std::nullopt, std::chrono::milliseconds(0),
                                     [&context, view, id, call = std::move(call)](Result<ChangeAnswer> answer) mutable {
                                       if (answer && answer->result == ChangeResult::done) {
                                         context.note_event(call->identity, id, "cancel", "{}");
                                         return call->empty(204);
                                       }
                                       answer_changed(context, std::move(call), view, id, answer);
                                     });
        });
      });
}

}  // namespace schedules::api
