// GET /events and GET /events/{id}.
#include "api/context.h"
#include "api/events/filter.h"

namespace schedules::api {
namespace {

void answer_page(Call& call, std::string items, std::string_view cursor) {
  append_page_end(items, cursor);
  call.json(200, std::move(items));
}

std::string items_begin() { return R"({"items":[)"; }

void separate(std::string& out) {
  if (out.back() != '[') out += ',';
}

// Waiting ones come from the stores of events, in firing order.
void list_waiting(Context& context, CallPtr call, FindRequest request, std::optional<State> state) {
  context.deps.events.find(std::move(request),
                           [&context, state, call = std::move(call)](Result<EventPage> page) mutable {
                             if (!page) return call->fail(page.error());
                             std::string out = items_begin();
                             for (const auto& stored : page->events) {
                               if (state && stored.state != *state) continue;
                               separate(out);
                               append_event(out, stored, context.options.view);
                             }
                             answer_page(*call, std::move(out), page->next_cursor);
                           });
}

// Finished ones come from the executions, newest first.
void list_finished(Context& context, CallPtr call, FindRequest request, State state) {
  ExecutionFilter filter;
  filter.schedule_id = request.filter.schedule_id;
  filter.topic = request.filter.topic;
  filter.entity_type = request.filter.entity_type;
  filter.entity_id = request.filter.entity_id;
  filter.action = request.filter.action;
  filter.correlation_id = request.filter.correlation_id;
  filter.state = state;
  filter.cursor = std::move(request.cursor);
  filter.limit = request.limit;
  // A cancellation is recorded before the due time, everything else not before it.
  if (state != State::cancelled) filter.from = request.filter.due_from;
  context.deps.executions.find_executions(std::move(filter),
                                          [call = std::move(call), from = request.filter.due_from,
                                           to = request.filter.due_to](Result<ExecutionPage> page) mutable {
                                            if (!page) return call->fail(page.error());
                                            std::string out = items_begin();
                                            for (const auto& execution : page->executions) {
                                              if ((from && execution.due_at < *from) || (to && execution.due_at >= *to))
                                                continue;
                                              separate(out);
                                              append_finished(out, execution);
                                            }
                                            answer_page(*call, std::move(out), page->next_cursor);
                                          });
}

void list_dead(Context& context, CallPtr call, FindRequest request) {
  DeadLetterFilter filter;
  filter.topic = request.filter.topic;
  filter.schedule_id = request.filter.schedule_id;
  filter.cursor = std::move(request.cursor);
  filter.limit = request.limit;
  context.deps.dead_letters.find_letters(
      std::move(filter),
      [&context, call = std::move(call), wanted = std::move(request.filter)](Result<DeadLetterPage> page) mutable {
        if (!page) return call->fail(page.error());
        std::string out = items_begin();
        for (const auto& letter : page->letters) {
          if (!wanted.matches(letter.event)) continue;
          separate(out);
          append_event(out,
                       {letter.event, State::dead, Tier::near,
                        Outcome{.state = State::dead,
                                .at = letter.died_at,
                                .settled_at = letter.died_at,
                                .reason = letter.reason,
                                .detail = letter.detail}},
                       context.options.view);
        }
        answer_page(*call, std::move(out), page->next_cursor);
      });
}

void list(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto page = read_page(query);
  FindRequest request{.filter = read_event_filter(query), .cursor = page.cursor, .limit = page.limit};
  const auto state = query.choice("status", parse_state, "pending, in_flight, fired, cancelled, skipped, dead");
  const bool finished = state && is_final(*state) && *state != State::dead;
  if (finished && request.filter.tag) query.refuse(Code::invalid_argument, "tag", "is not kept of finished events");
  if (finished && request.filter.source)
    query.refuse(Code::invalid_argument, "source", "is not kept of finished events");
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  if (finished) return list_finished(context, std::move(call), std::move(request), *state);
  if (state == State::dead) return list_dead(context, std::move(call), std::move(request));
  list_waiting(context, std::move(call), std::move(request), state);
}

// No store of events remembers it: its executions may.
void get_finished(Context& context, CallPtr call, EventId id) {
  ExecutionFilter filter;
  filter.event_id = id;
  filter.limit = 1;
  context.deps.executions.find_executions(
      std::move(filter), [call = std::move(call), id](Result<ExecutionPage> page) mutable {
        if (!page) return call->fail(page.error());
        if (page->executions.empty())
          return call->fail(Error{.code = Code::not_found, .detail = fmt::format("no event {}", id.text())});
        std::string out;
        append_finished(out, page->executions.front());
        call->json(200, std::move(out));
      });
}

void answer_event(const Context& context, Call& call, const StoredEvent& stored) {
  std::string out;
  append_event(out, stored, context.options.view);
  call.json(200, std::move(out), {{"ETag", etag_of(stored.event.revision)}});
}

void get_dead_or_finished(Context& context, CallPtr call, EventId id) {
  context.deps.dead_letters.get_letter(
      id, [&context, id, call = std::move(call)](Result<std::optional<DeadLetter>> letter) mutable {
        if (!letter) return call->fail(letter.error());
        if (!*letter) return get_finished(context, std::move(call), id);
        answer_event(context, *call,
                     {(*letter)->event, State::dead, Tier::near,
                      Outcome{.state = State::dead,
                              .at = (*letter)->died_at,
                              .settled_at = (*letter)->died_at,
                              .reason = (*letter)->reason,
                              .detail = (*letter)->detail}});
      });
}

void get(Context& context, CallPtr call) {
  const auto id = event_id_of(*call);
  if (!id) return call->fail(id.error());
  context.deps.events.get(
      *id, [&context, id = *id, call = std::move(call)](Result<std::optional<StoredEvent>> stored) mutable {
        if (!stored) return call->fail(stored.error());
        // A dead letter knows more than what is remembered of a dead event.
        if (!*stored || (*stored)->state == State::dead) return get_dead_or_finished(context, std::move(call), id);
        answer_event(context, *call, **stored);
      });
}

}  // namespace

void add_event_read_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/events",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { list(context, std::move(call)); }});
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/events/{id}",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { get(context, std::move(call)); }});
}

}  // namespace schedules::api
