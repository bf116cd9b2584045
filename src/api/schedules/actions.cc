// The contract's verbs on schedules: execute, toggle, activate, bulk; their executions and figures.
#include "api/faults.h"
#include "api/query.h"
#include "api/schedules/common.h"
#include "api/schedules/schedule_output.h"
#include "base/text.h"

namespace schedules::api {
namespace {

constexpr size_t kMaxBulkIds = 10'000;

void execute(Context& context, CallPtr call) {
  auto id = schedule_id_of(*call);
  if (!id) return call->fail(id.error());
  const Identity by = call->identity;
  context.deps.schedules.execute(
      *id, [&context, id = *id, by, answer = answer_edited(std::move(call))](Result<Schedule> executed) mutable {
        const bool there = executed || executed.error().code != Code::not_found;
        if (there) context.note(by, "schedule", id, "execute", "{}");
        answer(std::move(executed));
      });
}

// Into the state that `next` says of the one it is in.
ScheduleEdit to_status(std::function<ScheduleStatus(ScheduleStatus)> next, Actor actor, TimePoint now) {
  return [next = std::move(next), actor = std::move(actor), now](Schedule& schedule) -> Status {
    const Schedule before = schedule;
    schedule.status = next(schedule.status);
    const auto* const action = schedule.status == ScheduleStatus::active ? "activate" : "pause";
    schedule.audit = schedule_note(actor, action, &before, &schedule, now);
    return {};
  };
}

void set_status(Context& context, CallPtr call, std::function<ScheduleStatus(ScheduleStatus)> next) {
  auto id = schedule_id_of(*call);
  if (!id) return call->fail(id.error());
  auto edit = to_status(std::move(next), actor_of(call->identity), context.now());
  context.deps.schedules.edit(*id, std::nullopt, std::move(edit), answer_edited(std::move(call)));
}

void toggle(Context& context, CallPtr call) {
  set_status(context, std::move(call), [](ScheduleStatus status) {
    return status == ScheduleStatus::active ? ScheduleStatus::paused : ScheduleStatus::active;
  });
}

void activate(Context& context, CallPtr call) {
  set_status(context, std::move(call), [](ScheduleStatus) { return ScheduleStatus::active; });
}

void deactivate(Context& context, CallPtr call) {
  set_status(context, std::move(call), [](ScheduleStatus) { return ScheduleStatus::paused; });
}

// Looks the schedule up first, so that an unknown one is 404, then goes on with its id.
template <class Next>
void with_schedule(Context& context, CallPtr call, Next next) {
  auto id = schedule_id_of(*call);
  if (!id) return call->fail(id.error());
  context.deps.schedules.get(
      *id, [id = *id, call = std::move(call), next = std::move(next)](Result<std::optional<Schedule>> found) mutable {
        if (!found) return call->fail(found.error());
        if (!*found) return call->fail(no_schedule());
        next(std::move(call), id);
      });
}

void executions(Context& context, CallPtr call) {
  Query query(call->request.query());
  ExecutionFilter filter;
  filter.limit = static_cast<size_t>(query.integer("limit", 1, 500).value_or(50));
  filter.skip = static_cast<uint64_t>(query.integer("skip", 0, 1'000'000'000).value_or(0));
  filter.status = query.choice("status_filter", parse_run_status, "success, failure, skipped, running");
  if (auto status = query.status(); !status) return call->fail(status.error());
  with_schedule(context, std::move(call), [&context, filter](CallPtr found_call, const std::string& id) mutable {
    filter.schedule_id = id;
    filter.from = context.retention().history;
    context.deps.executions.find_executions(std::move(filter),
                                            [call = std::move(found_call)](Result<ExecutionPage> page) mutable {
                                              if (!page) return call->fail(page.error());
                                              std::string body = "[";
                                              for (const auto& execution : page->executions) {
                                                if (body.size() > 1) body += ',';
                                                append_execution(body, execution);
                                              }
                                              body += ']';
                                              call->json(200, std::move(body));
                                            });
  });
}

void stats(Context& context, CallPtr call) {
  with_schedule(context, std::move(call), [&context](CallPtr found_call, const std::string& id) {
    ExecutionFilter filter;
    filter.schedule_id = id;
    filter.from = context.retention().history;
    context.deps.executions.stats(std::move(filter),
                                  [id, call = std::move(found_call)](Result<ExecutionStats> found) mutable {
                                    if (!found) return call->fail(found.error());
                                    std::string body;
                                    append_schedule_stats(body, id, *found);
                                    call->json(200, std::move(body));
                                  });
  });
}

void due(Context& context, CallPtr call) {
  context.deps.schedules.due([call = std::move(call)](Result<std::vector<Schedule>> found) mutable {
    if (!found) return call->fail(found.error());
    std::string body;
    append_schedules(body, *found);
    call->json(200, std::move(body));
  });
}

Result<std::vector<std::string>> read_ids(const std::string& body) {
  json::Document document;
  if (auto read = document.read(body); !read) return fail(std::move(read.error()));
  if (document.kind() != json::Kind::array) return fail(Code::wrong_type, "the body must be an array of ids");
  if (document.members().size() > kMaxBulkIds) return fail(Code::too_long, "one call takes {} ids", kMaxBulkIds);
  std::vector<std::string> ids;
  Faults faults;
  for (const auto& [key, value] : document.members()) {
    const std::string field = std::to_string(ids.size());
    auto id = faults.name(field, value, Presence::required, 64);
    if (id && !is_object_id(to_lower(*id)) && !parse_id(*id))
      faults.add(Code::invalid_argument, field, "a schedule's id is 24 hex digits");
    ids.push_back(to_lower(id.value_or("")));
  }
  if (faults.any()) return fail(faults.error());
  std::ranges::sort(ids);
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Answers when the last of its ids has been dealt with.
struct BulkStatus {
  Context& context;
  CallPtr call;
  ScheduleStatus wanted;
  std::atomic<size_t> left{0};
  std::atomic<size_t> matched{0};
  std::atomic<size_t> modified{0};

  void end_one() {
    if (left.fetch_sub(1) != 1) return;
    call->json(200, fmt::format(R"({{"matched_count":{},"modified_count":{}}})", matched.load(), modified.load()));
  }
};

void set_one(const std::shared_ptr<BulkStatus>& bulk, const std::string& id) {
  bulk->context.deps.schedules.get(id, [bulk, id](Result<std::optional<Schedule>> found) {
    if (!found || !*found) return bulk->end_one();
    ++bulk->matched;
    if ((*found)->status == bulk->wanted) return bulk->end_one();
    auto edit = to_status([wanted = bulk->wanted](ScheduleStatus) { return wanted; }, actor_of(bulk->call->identity),
                          bulk->context.now());
    bulk->context.deps.schedules.edit(id, std::nullopt, std::move(edit), [bulk](Result<Schedule> edited) {
      if (edited) ++bulk->modified;
      bulk->end_one();
    });
  });
}

void set_many(Context& context, CallPtr call, ScheduleStatus wanted) {
  auto ids = read_ids(call->request.body);
  if (!ids) return call->fail(ids.error());
  std::shared_ptr<BulkStatus> bulk(new BulkStatus{context, std::move(call), wanted});
  bulk->left = ids->size() + 1;  // one more, so that it cannot end before the last has begun
  for (const auto& id : *ids) set_one(bulk, id);
  bulk->end_one();
}

void activate_many(Context& context, CallPtr call) { set_many(context, std::move(call), ScheduleStatus::active); }
void deactivate_many(Context& context, CallPtr call) { set_many(context, std::move(call), ScheduleStatus::paused); }

}  // namespace

void add_schedule_action_routes(Router& router, Context& context) {
  add_schedule_route(router, context, http::Method::post, "/{id}/execute", execute);
  add_schedule_route(router, context, http::Method::post, "/{id}/toggle", toggle);
  add_schedule_route(router, context, http::Method::post, "/{id}/activate", activate);
  add_schedule_route(router, context, http::Method::post, "/{id}/deactivate", deactivate);
  add_schedule_route(router, context, http::Method::get, "/{id}/executions", executions);
  add_schedule_route(router, context, http::Method::get, "/{id}/stats", stats);
  add_schedule_route(router, context, http::Method::get, "/active/due", due);
  add_schedule_route(router, context, http::Method::post, "/bulk/activate", activate_many);
  add_schedule_route(router, context, http::Method::post, "/bulk/deactivate", deactivate_many);
}

}  // namespace schedules::api
