// POST /events/cancel and /events/reschedule by filter, and GET /jobs/{id}.
#include "api/bulk.h"

#include "api/context.h"
#include "api/events/event_input.h"
#include "api/events/filter.h"
#include "base/text.h"

namespace schedules::api {
namespace {

constexpr size_t kPage = 1000;

// Finds all ids first: a rescheduled event would be met again further on.
struct Scan {
  Context& context;
  std::shared_ptr<Job> job;
  FindRequest request;
  std::vector<EventId> ids;
  std::function<void(std::vector<EventId>)> found;
};

void scan(const std::shared_ptr<Scan>& state) {
  state->context.deps.events.find(state->request, [state](Result<EventPage> page) {
    if (!page) return state->job->abort(page.error(), state->context.now());
    uint64_t matched = 0;
    for (const auto& stored : page->events) {
      if (stored.state != State::pending) continue;
      if (state->ids.size() >= kMaxBulk) {
        state->job->truncate();
        break;
      }
      state->ids.push_back(stored.event.id);
      ++matched;
    }
    state->job->match(matched);
    state->request.cursor = std::move(page->next_cursor);
    const bool last = state->request.cursor.empty() || state->ids.size() >= kMaxBulk;
    state->context.deps.worker.post([state, last] {
      if (!last) return scan(state);
      if (state->job->dry_run()) return state->job->finish(state->context.now());
      state->found(std::move(state->ids));
    });
  });
}

// What a bulk call asks for.
struct Order {
  EventFilter filter;
  DryRun dry_run = DryRun::no;
  bool all = false;
  std::optional<TimePoint> due_at;
  std::optional<Duration> shift;
};

constexpr std::string_view kOrderNames[] = {"filter",       "dry_run",       "all",
                                            "scheduled_at", "delay_seconds", "shift_seconds"};
constexpr double kMaxSeconds = std::chrono::duration<double>(kMaxDelay).count();

Duration micros_of(double seconds) { return Duration(static_cast<int64_t>(std::llround(seconds * 1e6))); }

void read_member(Order& order, const json::Member& member, TimePoint now, bool reschedule, Faults& faults) {
  const auto& [key, value] = member;
  if (key == "filter") {
    order.filter = read_event_filter(key, value, faults);
  } else if (key == "dry_run") {
    order.dry_run = faults.boolean(key, value).value_or(false) ? DryRun::yes : DryRun::no;
  } else if (key == "all") {
    order.all = faults.boolean(key, value).value_or(false);
  } else if (reschedule && key == "scheduled_at") {
    order.due_at = faults.time(key, value);
  } else if (reschedule && key == "delay_seconds") {
    if (const auto seconds = faults.number(key, value, 0, kMaxSeconds)) order.due_at = now + micros_of(*seconds);
  } else if (reschedule && key == "shift_seconds") {
    if (const auto seconds = faults.number(key, value, -kMaxSeconds, kMaxSeconds)) order.shift = micros_of(*seconds);
  } else {
    const auto near = nearest(key, kOrderNames);
    const std::string shown = truncate_utf8(key, 80);
    faults.add(Code::unknown_field, shown,
               near.empty() ? fmt::format("{} is not known here", shown)
                            : fmt::format("{} is not known here; did you mean {}?", shown, near));
  }
}

Result<Order> read_order(const http::Request& request, TimePoint now, bool reschedule) {
  json::Document document;
  if (auto read = document.read(request.body); !read) return fail(std::move(read.error()));
  if (document.kind() != json::Kind::object) return fail(Code::invalid_json, "the body must be a JSON object");
  Order order;
  Faults faults;
  size_t times = 0;
  for (const auto& member : document.members()) {
    if (member.value.kind == json::Kind::null) continue;
    read_member(order, member, now, reschedule, faults);
    times += member.key == "scheduled_at" || member.key == "delay_seconds" || member.key == "shift_seconds" ? 1 : 0;
  }
  if (reschedule && times != 1 && !faults.any())
    faults.add(times == 0 ? Code::missing_field : Code::invalid_argument, "scheduled_at",
               "exactly one of scheduled_at, delay_seconds and shift_seconds is needed");
  if (is_empty(order.filter) && !order.all && !faults.any())
    faults.add(Code::missing_field, "filter", "an empty filter means every event: then say \"all\": true");
  if (faults.any()) return fail(faults.error());
  return order;
}

void count_change(Job& job, const Result<ChangeAnswer>& answer) {
  if (!answer) {
    job.fail_one(answer.error());
  } else if (answer->result == ChangeResult::done) {
    job.succeed();
  } else {
    job.skip();
  }
}

Edit edit_of(const Order& order, TimePoint now) {
  return [due_at = order.due_at, shift = order.shift, now](Event& event) -> Status {
    const TimePoint moved = due_at ? *due_at : event.due_at + shift.value_or(Duration{});
    if (moved > now + kMaxDelay || moved < TimePoint{})
      return fail_field(Code::out_of_range, "shift_seconds", "event {} would be moved out of range", event.id.text());
    event.due_at = event.fire_at = moved;
    return {};
  };
}

void run(Context& context, CallPtr call, bool reschedule) {
  auto order = read_order(call->request, context.now(), reschedule);
  if (!order) return call->fail(order.error());
  auto job =
      context.jobs.start(reschedule ? "reschedule" : "cancel", order->dry_run, context.now(), context.deps.random);
  if (!job) return call->fail(job.error());
  BulkStep step;
  if (reschedule) {
    step = [&context, job = *job, edit = edit_of(*order, context.now())](EventId id, Task done) {
      context.deps.events.change(id, std::nullopt, edit,
                                 [job, done = std::move(done)](Result<ChangeAnswer> answer) mutable {
                                   count_change(*job, answer);
                                   done();
                                 });
    };
  } else {
    step = [&context, job = *job](EventId id, Task done) {
      context.deps.events.cancel(id, std::nullopt, {},
                                 [job, done = std::move(done)](Result<ChangeAnswer> answer) mutable {
                                   count_change(*job, answer);
                                   done();
                                 });
    };
  }
  auto state =
      std::make_shared<Scan>(Scan{context, *job, {.filter = std::move(order->filter), .limit = kPage}, {}, {}});
  state->found = [&context, job = *job, step = std::move(step)](std::vector<EventId> ids) mutable {
    run_bulk(context, job, std::move(ids), std::move(step), std::nullopt);
  };
  if (!job.value()->dry_run() && call->identity.role == Role::superuser)
    context.note(call->identity, "event", job.value()->id(), reschedule ? "reschedule_many" : "cancel_many",
                 as_changes(call->request.body));
  answer_job(*call, **job);
  context.deps.worker.post([state] { scan(state); });
}

void get_job(Context& context, CallPtr call) {
  const auto job = context.jobs.find(call->param("id"));
  if (!job) return call->fail(Error{.code = Code::not_found, .detail = "there is no such job, or no longer"});
  std::string body;
  job->append_json(body);
  call->json(200, std::move(body));
}

// The ids that wait, and how many are under way.
struct Bulk {
  Context& context;
  std::shared_ptr<Job> job;
  std::vector<EventId> ids;
  BulkStep step;
  std::optional<double> rate;
  std::mutex mutex;
  size_t next = 0;
  size_t under_way = 0;
};

void advance(const std::shared_ptr<Bulk>& bulk) {
  std::vector<EventId> starting;
  {
    const std::scoped_lock lock(bulk->mutex);
    const size_t room = bulk->rate ? 1 : kBulkUnderWay - std::min(kBulkUnderWay, bulk->under_way);
    while (bulk->next < bulk->ids.size() && starting.size() < room) starting.push_back(bulk->ids[bulk->next++]);
    bulk->under_way += starting.size();
    if (starting.empty() && bulk->under_way == 0 && bulk->next == bulk->ids.size() && !bulk->job->finished())
      return bulk->job->finish(bulk->context.now());
  }
  for (const auto& id : starting) {
    bulk->step(id, [bulk] {
      bool refill = false;
      {
        const std::scoped_lock lock(bulk->mutex);
        --bulk->under_way;
        const bool over = bulk->next == bulk->ids.size() && bulk->under_way == 0;
        refill = over || (!bulk->rate && bulk->under_way <= kBulkUnderWay / 2);
      }
      if (refill) bulk->context.deps.worker.post([bulk] { advance(bulk); });
    });
  }
  if (!bulk->rate || starting.empty() || !bulk->context.deps.later) return;
  const auto pause =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::duration<double>(1 / *bulk->rate));
  bulk->context.deps.later(pause, [bulk] { bulk->context.deps.worker.post([bulk] { advance(bulk); }); });
}

}  // namespace

void run_bulk(Context& context, std::shared_ptr<Job> job, std::vector<EventId> ids, BulkStep step,
              std::optional<double> rate) {
  // Without a timer nothing can be paced.
  if (!context.deps.later) rate.reset();
  advance(std::shared_ptr<Bulk>(new Bulk{context, std::move(job), std::move(ids), std::move(step), rate}));
}

void answer_job(Call& call, const Job& job) {
  std::string body;
  job.append_json(body);
  call.json(202, std::move(body), {{"Location", "/api/v1/jobs/" + job.id()}});
}

void add_bulk_routes(Router& router, Context& context) {
  router.add({.method = http::Method::post,
              .pattern = "/api/v1/events/cancel",
              .role = Role::producer,
              .handler = [&context](CallPtr call) { run(context, std::move(call), false); }});
  router.add({.method = http::Method::post,
              .pattern = "/api/v1/events/reschedule",
              .role = Role::producer,
              .handler = [&context](CallPtr call) { run(context, std::move(call), true); }});
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/jobs/{id}",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { get_job(context, std::move(call)); }});
}

}  // namespace schedules::api
