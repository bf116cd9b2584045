// /admin/scheduled (docs/reference/contract, 1.3): every event, as the contract's far tier shows it. What waits in the
// near tier is transferred_to_redis; where a new event waits is the engine's decision.
#include "api/admin/tier_access.h"
#include "api/query.h"
#include "base/text.h"

namespace schedules::api {
namespace {

constexpr std::string_view kPath = "/api/v1/admin/scheduled";
constexpr TierView kView = TierView::scheduled;
constexpr size_t kMaxBatch = 1'000;
constexpr size_t kMaxTransfer = 10'000;

Status any_time(const Event&) { return {}; }

void create(Context& context, CallPtr call) { make_one(context, std::move(call), kView, any_time); }
void update(Context& context, CallPtr call) { update_one(context, std::move(call), kView, any_time); }
void remove(Context& context, CallPtr call) { remove_one(context, std::move(call), kView); }

void get(Context& context, CallPtr call) {
  const auto id = tier_event_id(*call, kView);
  if (!id) return call->fail(id.error());
  answer_row(context, std::move(call), kView, *id);
}

std::optional<std::string> parse_status(std::string_view text) {
  return is_status(kView, text) ? std::optional(std::string(text)) : std::nullopt;
}

Wanted wanted_of(const std::optional<std::string>& status) {
  const auto is = [&](std::string_view name) { return !status || *status == name; };
  Wanted wanted{.far = is("pending"), .near = is("transferred_to_redis"), .in_flight = is("processing")};
  if (is("completed")) wanted.ended.insert(State::fired);
  if (is("error")) wanted.ended.insert(State::dead);
  if (is("skipped")) wanted.ended.insert(State::skipped);
  return wanted;
}

struct ListRequest {
  Wanted wanted;
  size_t skip = 0;
  size_t limit = 100;
  bool by_time = false;  ///< by due time, else newest first
};

ListRequest read_list(Query& query) {
  const auto status = query.choice("status_filter", parse_status,
                                   "pending, processing, completed, error, skipped, transferred_to_redis");
  ListRequest request{.wanted = wanted_of(status)};
  request.wanted.source = query.choice(
      "source",
      [](std::string_view text) {
        const bool known =
            text == "kafka_delayed" || text == "mongo_schedule" || text == "api_request" || text == "system";
        return known ? std::optional(std::string(text)) : std::nullopt;
      },
      "kafka_delayed, mongo_schedule, api_request, system");
  auto& filter = request.wanted.filter;
  filter.entity_type = query.text("event_type");
  filter.due_from = query.time("scheduled_after");
  filter.due_to = query.time("scheduled_before");
  request.by_time = filter.due_from || filter.due_to;
  if (filter.due_to) *filter.due_to += Duration(1);  // both ends belong to it
  request.skip = static_cast<size_t>(query.integer("skip", 0, 1'000'000'000).value_or(0));
  request.limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  return request;
}

// What only an execution tells has no creation time; it is placed by its due time.
TimePoint age_of(const TierRow& row) {
  const Event& event = row.stored.event;
  return event.created_at == TimePoint{} ? event.due_at : event.created_at;
}

std::vector<TierRow> page_of(std::vector<TierRow> rows, const ListRequest& request) {
  std::ranges::sort(rows, [&](const TierRow& a, const TierRow& b) {
    const auto key = [&](const TierRow& row) { return request.by_time ? row.stored.event.due_at : age_of(row); };
    if (key(a) != key(b)) return request.by_time ? key(a) < key(b) : key(a) > key(b);
    return a.stored.event.id < b.stored.event.id;
  });
  const size_t from = std::min(request.skip, rows.size());
  const size_t to = std::min(from + request.limit, rows.size());
  return {std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(from)),
          std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(to))};
}

void list(Context& context, CallPtr call) {
  Query query(call->request.query());
  auto request = read_list(query);
  if (auto status = query.status(); !status) return call->fail(status.error());
  auto wanted = request.wanted;
  wanted.whole = !request.by_time;  // to be placed by when they were created
  gather_rows(
      context, std::move(wanted),
      [&context, request = std::move(request), call = std::move(call)](Result<std::vector<TierRow>> rows) mutable {
        if (!rows) return call->fail(rows.error());
        complete_rows(context, page_of(std::move(*rows), request),
                      [call = std::move(call)](Result<std::vector<TierRow>> page) mutable {
                        if (!page) return call->fail(page.error());
                        answer_rows(*call, kView, *page);
                      });
      });
}

void ready_to_transfer(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  if (auto status = query.status(); !status) return call->fail(status.error());
  EventFilter filter;
  filter.due_to = context.now() + context.deps.tiers.transfer_horizon;
  auto rows = std::make_shared<std::vector<TierRow>>();
  const auto take = [rows, limit](StoredEvent& stored) {
    if (stored.state == State::pending) rows->push_back(TierRow{std::move(stored), "", {}});
    return rows->size() < limit;
  };
  scan_tier(context, *context.deps.tiers.far, std::move(filter), take,
            [rows, call = std::move(call)](Result<void> scanned) mutable {
              if (!scanned) return call->fail(scanned.error());
              answer_rows(*call, kView, *rows);
            });
}

// Only what is pending moves; anything else is answered as it stands.
void transfer(Context& context, CallPtr call) {
  const auto id = tier_event_id(*call, kView);
  if (!id) return call->fail(id.error());
  if (!call->request.body.empty()) {
    json::Document metadata;
    if (auto read = metadata.read(call->request.body); !read) return call->fail(read.error());
    Faults faults;
    if (metadata.kind() != json::Kind::null) faults.expect("", metadata.root(), json::Kind::object);
    if (faults.any()) return call->fail(faults.error());
  }
  context.deps.tiers.transfer({*id},
                              [&context, id = *id, call = std::move(call)](Result<std::vector<bool>> moved) mutable {
                                if (!moved) return call->fail(moved.error());
                                answer_row(context, std::move(call), kView, id);
                              });
}

void transfer_many(Context& context, CallPtr call) {
  const auto elements = read_elements(*call, kMaxTransfer);
  if (!elements) return call->fail(elements.error());
  std::vector<EventId> ids;
  Faults faults;
  for (size_t i = 0; i < elements->size(); ++i) {
    const std::string_view text = (*elements)[i];
    const bool quoted = text.size() > 2 && text.front() == '"' && text.back() == '"';
    const auto id = quoted ? parse_id(text.substr(1, text.size() - 2)) : std::nullopt;
    if (!id) faults.add(Code::invalid_argument, std::to_string(i), "an event's id is a UUID");
    ids.push_back(id.value_or(EventId{}));
  }
  if (faults.any()) return call->fail(faults.error());
  std::set<EventId> once;
  std::erase_if(ids, [&](const EventId& id) { return !once.insert(id).second; });
  context.deps.tiers.transfer(ids, [ids, call = std::move(call)](Result<std::vector<bool>> moved) mutable {
    if (!moved) return call->fail(moved.error());
    const auto count = std::ranges::count(*moved, true);
    std::string body = fmt::format(R"({{"transferred_count":{},"failed_ids":[)", count);
    for (size_t i = 0; i < ids.size(); ++i) {
      if ((*moved)[i]) continue;
      body += fmt::format(R"({}"{}")", body.back() == '[' ? "" : ",", ids[i].text());
    }
    body += "]}";
    call->json(200, std::move(body));
  });
}

void batch_create(Context& context, CallPtr call) {
  auto elements = read_elements(*call, kMaxBatch);
  if (!elements) return call->fail(elements.error());
  auto done = [elements = *elements, call = std::move(call)](Result<Made> made) mutable {
    if (!made) return call->fail(made.error());
    std::string errors;
    size_t failed = 0;
    for (size_t i = 0; i < made->errors.size(); ++i) {
      const auto& error = made->errors[i];
      if (!error) continue;
      json::Document document;
      const auto* type = document.read(elements[i]) ? document.find("entity_type") : nullptr;
      errors += fmt::format(R"({}{{"index":{},"error":)", failed++ == 0 ? "" : ",", i);
      append_json_string(errors, error->detail);
      errors += R"(,"event_type":)";
      errors += type == nullptr ? "null" : json::to_json(*type);
      errors += '}';
    }
    call->json(200, fmt::format(R"({{"created_count":{},"failed_count":{},"errors":[{}]}})",
                                made->errors.size() - failed, failed, errors));
  };
  make_many(context, kView, *elements, any_time, std::move(done));
}

}  // namespace

void add_scheduled_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string_view path, auto handler, size_t body_limit = kSmallBody) {
    add_tier_route(router, context, method, fmt::format("{}{}", kPath, path), handler, body_limit);
  };
  add(http::Method::post, "", create);
  add(http::Method::get, "", list);
  add(http::Method::get, "/{event_id}", get);
  add(http::Method::put, "/{event_id}", update);
  add(http::Method::del, "/{event_id}", remove);
  add(http::Method::get, "/ready/transfer", ready_to_transfer);
  add(http::Method::post, "/{event_id}/transfer", transfer);
  add(http::Method::post, "/bulk/transfer", transfer_many);
  add(http::Method::post, "/batch/create", batch_create, kBatchBody);
  add_scheduled_figure_routes(router, context);
}

}  // namespace schedules::api
