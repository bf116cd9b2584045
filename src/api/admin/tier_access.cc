#include "api/admin/tier_access.h"

#include "api/json/writer.h"

namespace schedules::api {
namespace {

void show(const Context& context, TierView view, TierRow row, Done<std::optional<TierRow>>& done) {
  if (!status_of(view, row.stored)) return done(std::optional<TierRow>());
  if (row.stored.state == State::in_flight) row.claim = context.deps.tiers.claims->find(row.stored.event.id);
  done(std::optional(std::move(row)));
}

void find_execution(Context& context, TierView view, EventId id, Done<std::optional<TierRow>> done) {
  ExecutionFilter filter;
  filter.event_id = id;
  filter.limit = 1;
  context.deps.executions.find_executions(std::move(filter),
                                          [&context, view, done = std::move(done)](Result<ExecutionPage> page) mutable {
                                            if (!page) return done(fail(std::move(page.error())));
                                            if (page->executions.empty() || !is_final(page->executions.front().state))
                                              return done(std::optional<TierRow>());
                                            show(context, view, row_of(page->executions.front()), done);
                                          });
}

// A dead letter keeps the whole event.
void find_dead(Context& context, TierView view, EventId id, std::optional<StoredEvent> stored,
               Done<std::optional<TierRow>> done) {
  context.deps.dead_letters.get_letter(id, [&context, view, id, stored = std::move(stored),
                                            done = std::move(done)](Result<std::optional<DeadLetter>> letter) mutable {
    if (!letter) return done(fail(std::move(letter.error())));
    if (*letter) return show(context, view, row_of(std::move(**letter)), done);
    if (stored) return show(context, view, TierRow{std::move(*stored), "", {}}, done);
    find_execution(context, view, id, std::move(done));
  });
}

}  // namespace

bool has_tiers(const Context& context, Call& call) {
  const auto& tiers = context.deps.tiers;
  if (tiers.near != nullptr && tiers.far != nullptr && tiers.claims != nullptr && tiers.transfer) return true;
  call.fail(Error{.code = Code::unavailable, .detail = "this node does not show its tiers"});
  return false;
}

void add_tier_route(Router& router, Context& context, http::Method method, std::string pattern,
                    void (*handler)(Context&, CallPtr), size_t body_limit) {
  router.add({.method = method,
              .pattern = std::move(pattern),
              .role = Role::superuser,
              .handler =
                  [&context, handler](CallPtr call) {
                    if (has_tiers(context, *call)) handler(context, std::move(call));
                  },
              .body_limit = body_limit,
              .form = ErrorForm::contract});
}

Result<EventId> tier_event_id(const Call& call, TierView view) {
  if (const auto id = parse_id(call.param("event_id"))) return *id;
  if (view == TierView::redis) return fail(no_tier_event(view));
  return fail_field(Code::invalid_argument, "path:event_id", "an event's id is a UUID");
}

Error no_tier_event(TierView view) {
  return Error{.code = Code::not_found,
               .detail = view == TierView::scheduled ? "Scheduled event not found" : "Redis event not found"};
}

void find_row(Context& context, TierView view, EventId id, Done<std::optional<TierRow>> done) {
  context.deps.events.get(
      id, [&context, view, id, done = std::move(done)](Result<std::optional<StoredEvent>> stored) mutable {
        if (!stored) return done(fail(std::move(stored.error())));
        if (!*stored || (*stored)->state == State::dead)
          return find_dead(context, view, id, std::move(*stored), std::move(done));
        show(context, view, TierRow{std::move(**stored), "", {}}, done);
      });
}

void answer_row(Context& context, CallPtr call, TierView view, EventId id, int status) {
  find_row(context, view, id, [call = std::move(call), view, status](Result<std::optional<TierRow>> row) mutable {
    if (!row) return call->fail(row.error());
    if (!*row) return call->fail(no_tier_event(view));
    std::string body;
    append_tier_event(body, view, **row);
    call->json(status, std::move(body));
  });
}

void answer_rows(Call& call, TierView view, const std::vector<TierRow>& rows) {
  std::string body = "[";
  for (const auto& row : rows) {
    if (body.size() > 1) body += ',';
    append_tier_event(body, view, row);
  }
  body += ']';
  call.json(200, std::move(body));
}

Result<std::vector<std::string>> read_elements(const Call& call, size_t most) {
  json::Document document;
  if (auto read = document.read(call.request.body); !read) return fail(std::move(read.error()));
  if (document.kind() != json::Kind::array) return fail(Code::wrong_type, "the body must be an array");
  if (document.members().size() > most) return fail(Code::bad_request, "Maximum {} events allowed per batch", most);
  std::vector<std::string> elements;
  for (const auto& member : document.members()) elements.push_back(json::to_json(member.value));
  return elements;
}

}  // namespace schedules::api
