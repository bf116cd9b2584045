// /admin/redis-events (docs/reference/contract, 1.4): the near tier, and the work that others take from it.
#include "api/admin/tier_access.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr std::string_view kPath = "/api/v1/admin/redis-events";
constexpr TierView kView = TierView::redis;
constexpr size_t kMaxBatch = 500;
constexpr size_t kMaxErrorsTold = 10;
constexpr std::chrono::seconds kLease{60};

CheckEvent within_horizon(const Context& context) {
  return [now = context.now(), horizon = context.deps.tiers.immediate_horizon](const Event& event) -> Status {
    if (event.due_at <= now) return fail(Code::bad_request, "Scheduled time must be in the future");
    if (event.due_at - now <= horizon) return {};
    return fail(Code::bad_request, "Scheduled time must be within {} seconds; use /admin/scheduled for later events",
                std::chrono::duration_cast<std::chrono::seconds>(horizon).count());
  };
}

void create(Context& context, CallPtr call) { make_one(context, std::move(call), kView, within_horizon(context)); }
void update(Context& context, CallPtr call) { update_one(context, std::move(call), kView, within_horizon(context)); }
void remove(Context& context, CallPtr call) { remove_one(context, std::move(call), kView); }

void get(Context& context, CallPtr call) {
  const auto id = tier_event_id(*call, kView);
  if (!id) return call->fail(id.error());
  answer_row(context, std::move(call), kView, *id);
}

// Pending ones in firing order; with `until`, only those that fire by then.
void list_pending(Context& context, CallPtr call, EventFilter filter, size_t limit, std::optional<TimePoint> until) {
  auto rows = std::make_shared<std::vector<TierRow>>();
  const auto take = [rows, limit, until](StoredEvent& stored) {
    if (until && stored.event.fire_at > *until) return false;
    if (stored.state == State::pending) rows->push_back(TierRow{std::move(stored), "", {}});
    return rows->size() < limit;
  };
  scan_tier(context, *context.deps.tiers.near, std::move(filter), take,
            [rows, call = std::move(call)](Result<void> scanned) mutable {
              if (!scanned) return call->fail(scanned.error());
              answer_rows(*call, kView, *rows);
            });
}

void list(Context& context, CallPtr call) {
  Query query(call->request.query());
  EventFilter filter;
  filter.source = query.text("source");
  const auto limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  if (auto status = query.status(); !status) return call->fail(status.error());
  list_pending(context, std::move(call), std::move(filter), limit, std::nullopt);
}

void ready(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  if (auto status = query.status(); !status) return call->fail(status.error());
  list_pending(context, std::move(call), {}, limit, context.now());
}

void claim(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto processor = query.text("processor_id");
  if (!processor) {
    query.refuse(Code::missing_field, "processor_id", "is missing");
  } else if (processor->size() > kMaxNameChars || !is_printable(*processor)) {
    query.refuse(Code::invalid_argument, "processor_id", fmt::format("must be 1 to {} printable bytes", kMaxNameChars));
  }
  if (auto status = query.status(); !status) return call->fail(status.error());
  const auto id = tier_event_id(*call, kView);
  if (!id) return call->fail(Error{.code = Code::conflict, .detail = "Event is not pending or does not exist"});
  context.deps.tiers.claims->claim(*id, *processor, kLease, [call = std::move(call)](Result<Claim> claimed) mutable {
    if (!claimed) return call->fail(claimed.error());
    std::string body;
    json::Writer out(body);
    out.open('{').key("claimed").boolean(true).field("processor_id", claimed->processor);
    out.field("claimed_at", claimed->at).field("lock_until", claimed->until).close('}');
    call->json(200, std::move(body));
  });
}

void complete(Context& context, CallPtr call) {
  Query query(call->request.query());
  const bool success = query.flag("success").value_or(true);
  const auto message = query.text("error_message");
  if (message && message->size() > kMaxErrorBytes)
    query.refuse(Code::too_long, "error_message", fmt::format("may hold {} bytes", kMaxErrorBytes));
  if (auto status = query.status(); !status) return call->fail(status.error());
  const auto id = tier_event_id(*call, kView);
  if (!id) return call->fail(id.error());
  context.deps.tiers.claims->complete(
      *id, {.success = success, .error = message.value_or("")},
      [success, message, call = std::move(call)](Result<State> state) mutable {
        if (!state) return call->fail(state.error().code == Code::not_found ? no_tier_event(kView) : state.error());
        std::string body;
        json::Writer out(body);
        out.open('{').key("processed").boolean(true).field("status", success ? "completed" : "failed");
        out.field("error_message", message);
        out.key("will_retry").boolean(*state == State::pending).close('}');
        call->json(200, std::move(body));
      });
}

void batch_create(Context& context, CallPtr call) {
  auto elements = read_elements(*call, kMaxBatch);
  if (!elements) return call->fail(elements.error());
  make_many(context, kView, *elements, within_horizon(context), [call = std::move(call)](Result<Made> made) mutable {
    if (!made) return call->fail(made.error());
    std::string errors;
    size_t failed = 0;
    for (size_t i = 0; i < made->errors.size(); ++i) {
      if (!made->errors[i] || failed++ >= kMaxErrorsTold) continue;
      if (!errors.empty()) errors += ',';
      append_json_string(errors, fmt::format("Event #{}: {}", i + 1, made->errors[i]->detail));
    }
    call->json(200, fmt::format(R"({{"created_count":{},"failed_count":{},"errors":[{}]}})",
                                made->errors.size() - failed, failed, errors));
  });
}

}  // namespace

void add_redis_event_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string_view path, auto handler, size_t body_limit = kSmallBody) {
    add_tier_route(router, context, method, fmt::format("{}{}", kPath, path), handler, body_limit);
  };
  add(http::Method::post, "", create);
  add(http::Method::get, "", list);
  add(http::Method::get, "/{event_id}", get);
  add(http::Method::put, "/{event_id}", update);
  add(http::Method::del, "/{event_id}", remove);
  add(http::Method::get, "/ready/processing", ready);
  add(http::Method::post, "/{event_id}/claim", claim);
  add(http::Method::post, "/{event_id}/complete", complete);
  add(http::Method::post, "/batch/transfer-from-clickhouse", batch_create, kBatchBody);
  add_redis_figure_routes(router, context);
}

}  // namespace schedules::api
