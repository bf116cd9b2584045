// The contract's schedules: create, list, get, update, delete (docs/reference/contract, 1.1).
#include "api/schedules/common.h"

#include "api/query.h"
#include "api/schedules/schedule_input.h"
#include "api/schedules/schedule_output.h"
#include "base/text.h"

namespace schedules::api {
namespace {

std::shared_ptr<json::Document> read_body(Call& call) {
  auto document = std::make_shared<json::Document>();
  if (auto read = document->read(call.request.body); !read) {
    call.fail(read.error());
    return nullptr;
  }
  return document;
}

void create(Context& context, CallPtr call) {
  const auto document = read_body(*call);
  if (!document) return;
  Schedule schedule;
  schedule.timezone = context.options.default_timezone;
  schedule.max_retries = context.options.default_max_retries;
  schedule.retry_delay = context.options.default_retry_delay;
  Faults faults;
  read_schedule(*document, WriteMode::create, schedule, faults);
  if (faults.any()) return call->fail(faults.error());
  if (!call->identity.subject.empty()) schedule.created_by = call->identity.subject;
  schedule.audit = schedule_note(actor_of(call->identity), "create", nullptr, &schedule, context.now());
  context.deps.schedules.create(std::move(schedule), [call = std::move(call)](Result<Schedule> created) mutable {
    if (!created) return call->fail(created.error());
    http::Fields headers{{"Location", fmt::format("{}/{}", kSchedules, created->id)}};
    answer_schedule(*call, 201, *created, std::move(headers));
  });
}

struct ListRequest {
  ScheduleFilter filter;
  bool not_active = false;  ///< enabled=false, which no filter of the store says
  bool counted = false;
};

// Pages through the store, because what is left out shifts the pages.
struct NotActive {
  Context& context;
  CallPtr call;
  ScheduleFilter filter;
  uint64_t skip = 0;
  size_t limit = 0;
  std::optional<uint64_t> total;
  std::vector<Schedule> found;
};

void answer_list(Call& call, const std::vector<Schedule>& found, std::optional<uint64_t> total) {
  std::string body;
  append_schedules(body, found);
  http::Fields headers;
  if (total) headers.emplace_back("X-Total-Count", std::to_string(*total));
  call.json(200, std::move(body), std::move(headers));
}

void list_not_active(std::shared_ptr<NotActive> state) {
  const ScheduleFilter filter = state->filter;
  state->context.deps.schedules.find(filter, [state](Result<std::vector<Schedule>> page) {
    if (!page) return state->call->fail(page.error());
    const bool last = page->size() < state->filter.limit;
    state->filter.skip += page->size();
    for (auto& schedule : *page) {
      if (schedule.status == ScheduleStatus::active) continue;
      if (state->skip > 0) {
        --state->skip;
      } else if (state->found.size() < state->limit) {
        state->found.push_back(std::move(schedule));
      }
    }
    if (!last && state->found.size() < state->limit)
      return state->context.deps.worker.post([state] { list_not_active(state); });
    answer_list(*state->call, state->found, state->total);
  });
}

// "-name": descending.
void read_order(Query& query, ScheduleFilter& filter) {
  auto text = query.text("sort");
  if (!text) return;
  filter.descending = text->starts_with('-');
  const auto order = parse_schedule_order(std::string_view(*text).substr(filter.descending ? 1 : 0));
  if (order) {
    filter.order = *order;
  } else {
    query.refuse(
        Code::invalid_argument, "sort",
        "must be one of created_at, name, next_execution, last_execution, execution_count, error_count, or one of "
        "them behind a -");
  }
}

ListRequest read_list(Query& query) {
  ListRequest request;
  auto& filter = request.filter;
  filter.status = query.choice("status_filter", parse_schedule_status, "active, paused, disabled, completed");
  filter.event_type = query.text("event_type");
  filter.event_action = query.text("event_action");
  filter.tag = query.text("tag");
  filter.name_contains = query.text("name");
  filter.owner = query.text("owner");
  filter.skip = static_cast<uint64_t>(query.integer("skip", 0, 1'000'000'000).value_or(0));
  filter.limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  read_order(query, filter);
  request.counted = query.flag("total").value_or(false);
  const auto enabled = query.flag("enabled");
  if (enabled == true && !filter.status) filter.status = ScheduleStatus::active;
  request.not_active = enabled == false && !filter.status;
  return request;
}

void list_counted(Context& context, CallPtr call, ListRequest request, std::optional<uint64_t> total) {
  if (request.not_active) {
    auto state = std::make_shared<NotActive>(
        NotActive{context, std::move(call), request.filter, request.filter.skip, request.filter.limit, total, {}});
    state->filter.skip = 0;
    state->filter.limit = 1000;
    return list_not_active(std::move(state));
  }
  context.deps.schedules.find(std::move(request.filter),
                              [call = std::move(call), total](Result<std::vector<Schedule>> found) mutable {
                                if (!found) return call->fail(found.error());
                                answer_list(*call, *found, total);
                              });
}

void list(Context& context, CallPtr call) {
  Query query(call->request.query());
  ListRequest request = read_list(query);
  if (auto status = query.status(); !status) return call->fail(status.error());
  if (!request.counted) return list_counted(context, std::move(call), std::move(request), std::nullopt);
  const auto filter = request.filter;
  context.deps.schedules.count(
      filter, [&context, request = std::move(request), call = std::move(call)](Result<uint64_t> all) mutable {
        if (!all) return call->fail(all.error());
        if (!request.not_active) return list_counted(context, std::move(call), std::move(request), *all);
        auto active = request.filter;
        active.status = ScheduleStatus::active;
        context.deps.schedules.count(std::move(active), [&context, all = *all, request = std::move(request),
                                                         call = std::move(call)](Result<uint64_t> counted) mutable {
          if (!counted) return call->fail(counted.error());
          list_counted(context, std::move(call), std::move(request), all - std::min(all, *counted));
        });
      });
}

void get(Context& context, CallPtr call) {
  auto id = schedule_id_of(*call);
  if (!id) return call->fail(id.error());
  context.deps.schedules.get(*id, [call = std::move(call)](Result<std::optional<Schedule>> found) mutable {
    if (!found) return call->fail(found.error());
    if (!*found) return call->fail(no_schedule());
    answer_schedule(*call, 200, **found);
  });
}

void update(Context& context, CallPtr call) {
  auto id = schedule_id_of(*call);
  if (!id) return call->fail(id.error());
  const auto revision = if_match(call->request);
  if (!revision) return call->fail(revision.error());
  const auto document = read_body(*call);
  if (!document) return;
  // Once for its faults, then inside the edit on what is stored.
  Schedule scratch;
  Faults faults;
  read_schedule(*document, WriteMode::update, scratch, faults);
  if (faults.any()) return call->fail(faults.error());
  auto edit = [document, actor = actor_of(call->identity), now = context.now()](Schedule& schedule) -> Status {
    const Schedule before = schedule;
    Faults again;
    read_schedule(*document, WriteMode::update, schedule, again);
    if (again.any()) return fail(again.error());
    schedule.audit = schedule_note(actor, "update", &before, &schedule, now);
    return {};
  };
  context.deps.schedules.edit(*id, *revision, std::move(edit), answer_edited(std::move(call)));
}

void remove(Context& context, CallPtr call) {
  auto id = schedule_id_of(*call);
  if (!id) return call->fail(id.error());
  // What it was goes into the audit trail.
  context.deps.schedules.get(
      *id, [&context, id = *id, call = std::move(call)](Result<std::optional<Schedule>> found) mutable {
        if (!found) return call->fail(found.error());
        if (!*found) return call->fail(no_schedule());
        auto note = schedule_note(actor_of(call->identity), "delete", &**found, nullptr, context.now());
        context.deps.schedules.remove(id, std::move(note), [call = std::move(call)](Result<bool> removed) mutable {
          if (!removed) return call->fail(removed.error());
          if (!*removed) return call->fail(no_schedule());
          call->empty(204);
        });
      });
}

}  // namespace

Result<std::string> schedule_id_of(const Call& call) {
  std::string id = to_lower(call.param("id"));
  if (is_object_id(id) || parse_id(id)) return id;
  return fail_field(Code::invalid_argument, "path:id", "a schedule's id is 24 hex digits");
}

Error no_schedule() { return Error{.code = Code::not_found, .detail = "Schedule not found"}; }

void answer_schedule(Call& call, int status, const Schedule& schedule, http::Fields headers) {
  std::string body;
  append_schedule(body, schedule);
  headers.emplace_back("ETag", etag_of(schedule.revision));
  call.json(status, std::move(body), std::move(headers));
}

Done<Schedule> answer_edited(CallPtr call) {
  return [call = std::move(call)](Result<Schedule> edited) mutable {
    if (edited) return answer_schedule(*call, 200, *edited);
    call->fail(edited.error().code == Code::not_found ? no_schedule() : edited.error());
  };
}

void add_schedule_route(Router& router, Context& context, http::Method method, std::string_view path,
                        void (*handler)(Context&, CallPtr)) {
  router.add({.method = method,
              .pattern = fmt::format("{}{}", kSchedules, path),
              .role = Role::superuser,
              .handler = [&context, handler](CallPtr call) { handler(context, std::move(call)); },
              .form = ErrorForm::contract});
}

void add_schedule_routes(Router& router, Context& context) {
  add_schedule_route(router, context, http::Method::post, "", create);
  add_schedule_route(router, context, http::Method::get, "", list);
  add_schedule_route(router, context, http::Method::get, "/{id}", get);
  add_schedule_route(router, context, http::Method::put, "/{id}", update);
  add_schedule_route(router, context, http::Method::del, "/{id}", remove);
}

}  // namespace schedules::api
