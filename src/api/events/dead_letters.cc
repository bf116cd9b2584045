// GET, redrive and DELETE of dead letters.
#include "api/bulk.h"
#include "api/events/event_input.h"
#include "api/events/filter.h"
#include "base/text.h"

namespace schedules::api {
namespace {

constexpr size_t kPage = 500;
constexpr size_t kMaxIds = 10'000;
constexpr double kMaxRate = 100'000;

void list(Context& context, CallPtr call) {
  Query query(call->request.query());
  auto page = read_page(query);
  DeadLetterFilter filter = read_letter_filter(query);
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  filter.cursor = std::move(page.cursor);
  filter.limit = page.limit;
  context.deps.dead_letters.find_letters(std::move(filter),
                                         [&context, call = std::move(call)](Result<DeadLetterPage> found) mutable {
                                           if (!found) return call->fail(found.error());
                                           std::string out = R"({"items":[)";
                                           for (const auto& letter : found->letters) {
                                             if (out.back() != '[') out += ',';
                                             append_dead_letter(out, letter, context.options.view);
                                           }
                                           append_page_end(out, found->next_cursor);
                                           call->json(200, std::move(out));
                                         });
}

Error no_letter(EventId id) {
  return Error{.code = Code::not_found, .detail = fmt::format("event {} is not in the dead letters", id.text())};
}

void get(Context& context, CallPtr call) {
  const auto id = event_id_of(*call);
  if (!id) return call->fail(id.error());
  context.deps.dead_letters.get_letter(
      *id, [&context, id = *id, call = std::move(call)](Result<std::optional<DeadLetter>> letter) mutable {
        if (!letter) return call->fail(letter.error());
        if (!*letter) return call->fail(no_letter(id));
        std::string out;
        append_dead_letter(out, **letter, context.options.view);
        call->json(200, std::move(out));
      });
}

void drop(Context& context, CallPtr call) {
  const auto id = event_id_of(*call);
  if (!id) return call->fail(id.error());
  context.deps.dead_letters.drop_letters(
      {*id}, [&context, id = *id, call = std::move(call)](Result<uint64_t> dropped) mutable {
        if (!dropped) return call->fail(dropped.error());
        if (*dropped == 0) return call->fail(no_letter(id));
        context.note(call->identity, "dead_letter", id.text(), "drop", "{}");
        call->empty(204);
      });
}

struct Order {
  std::vector<EventId> ids;
  std::optional<DeadLetterFilter> filter;
  std::optional<double> rate;
  std::shared_ptr<const EventPatch> patch;
  DryRun dry_run = DryRun::no;
};

constexpr std::string_view kOrderNames[] = {"ids", "filter", "rate", "patch", "dry_run"};

void read_ids(Order& order, const json::Value& value, Faults& faults) {
  const auto texts = faults.names("ids", value, kMaxIds);
  if (!texts) return;
  for (size_t i = 0; i < texts->size(); ++i) {
    if (const auto id = parse_id((*texts)[i])) {
      order.ids.push_back(*id);
    } else {
      faults.add(Code::invalid_argument, fmt::format("ids.{}", i), "an event's id is a UUID");
    }
  }
}

void read_patch(Order& order, const json::Value& value, TimePoint now, Faults& faults) {
  json::Document document;
  if (!faults.expect("patch", value, json::Kind::object) || !document.read(value.text)) return;
  auto patch = read_event_patch(document, now);
  if (patch) {
    order.patch = std::make_shared<const EventPatch>(std::move(*patch));
    return;
  }
  const auto add = [&](const Error& error) {
    faults.add(error.code, error.field.empty() ? "patch" : "patch." + error.field, error.detail);
  };
  add(patch.error());
  for (const auto& fault : patch.error().more) add(fault);
}

void read_member(Order& order, const json::Member& member, TimePoint now, Faults& faults) {
  const auto& [key, value] = member;
  if (key == "ids") return read_ids(order, value, faults);
  if (key == "patch") return read_patch(order, value, now, faults);
  if (key == "filter") {
    order.filter = read_letter_filter(key, value, faults);
  } else if (key == "rate") {
    order.rate = faults.number(key, value, 0.01, kMaxRate);
  } else if (key == "dry_run") {
    order.dry_run = faults.boolean(key, value).value_or(false) ? DryRun::yes : DryRun::no;
  } else {
    const auto near = nearest(key, kOrderNames);
    const std::string shown = truncate_utf8(key, 80);
    faults.add(Code::unknown_field, shown,
               near.empty() ? fmt::format("{} is not known here", shown)
                            : fmt::format("{} is not known here; did you mean {}?", shown, near));
  }
}

Result<Order> read_order(const http::Request& request, TimePoint now) {
  json::Document document;
  if (auto read = document.read(request.body); !read) return fail(std::move(read.error()));
  if (document.kind() != json::Kind::object) return fail(Code::invalid_json, "the body must be a JSON object");
  Order order;
  Faults faults;
  for (const auto& member : document.members())
    if (member.value.kind != json::Kind::null) read_member(order, member, now, faults);
  const bool has_ids = document.find("ids") != nullptr;
  if (has_ids == order.filter.has_value() && !faults.any())
    faults.add(has_ids ? Code::invalid_argument : Code::missing_field, "ids", "either ids or a filter is needed");
  if (faults.any()) return fail(faults.error());
  return order;
}

void redrive_one(Context& context, const std::shared_ptr<Job>& job, const std::shared_ptr<const EventPatch>& patch,
                 EventId id, Task done) {
  context.deps.dead_letters.get_letter(
      id, [&context, job, patch, done = std::move(done)](Result<std::optional<DeadLetter>> letter) mutable {
        if (!letter) return job->fail_one(letter.error()), done();
        if (!*letter) return job->skip(), done();
        Edit edit = [patch](Event& event) {
          if (patch) patch->apply(event);
          return Status();
        };
        context.deps.redrive(std::move(**letter), std::move(edit),
                             [job, done = std::move(done)](Result<Accepted> accepted) mutable {
                               if (!accepted) {
                                 job->fail_one(accepted.error());
                               } else if (accepted->error) {
                                 job->fail_one(*accepted->error);
                               } else {
                                 job->succeed();
                               }
                               done();
                             });
      });
}

struct Scan {
  Context& context;
  std::shared_ptr<Job> job;
  Order order;
};

void start(const std::shared_ptr<Scan>& state) {
  if (state->job->dry_run()) return state->job->finish(state->context.now());
  auto step = [&context = state->context, job = state->job, patch = state->order.patch](EventId id, Task done) {
    redrive_one(context, job, patch, id, std::move(done));
  };
  run_bulk(state->context, state->job, std::move(state->order.ids), std::move(step), state->order.rate);
}

void scan(const std::shared_ptr<Scan>& state) {
  state->context.deps.dead_letters.find_letters(*state->order.filter, [state](Result<DeadLetterPage> page) {
    if (!page) return state->job->abort(page.error(), state->context.now());
    auto& ids = state->order.ids;
    for (const auto& letter : page->letters) ids.push_back(letter.event.id);
    state->job->match(page->letters.size());
    const bool full = ids.size() >= kMaxBulk;
    if (full && !page->next_cursor.empty()) state->job->truncate();
    state->order.filter->cursor = std::move(page->next_cursor);
    state->context.deps.worker.post([state, last = full || state->order.filter->cursor.empty()] {
      if (last) return start(state);
      scan(state);
    });
  });
}

// Of a few letters each by itself, so that one finds it at the letter; of many, or of a filter, once for the job.
void note_redrive(const Context& context, const Call& call, const Order& order, const Job& job) {
  if (order.dry_run == DryRun::yes) return;
  constexpr size_t kFew = 100;
  const auto changes = as_changes(call.request.body);
  if (order.filter || order.ids.size() > kFew)
    return context.note(call.identity, "dead_letter", job.id(), "redrive_many", changes);
  for (const auto& id : order.ids) context.note(call.identity, "dead_letter", id.text(), "redrive", changes);
}

void redrive(Context& context, CallPtr call) {
  auto order = read_order(call->request, context.now());
  if (!order) return call->fail(order.error());
  auto job = context.jobs.start("redrive", order->dry_run, context.now(), context.deps.random);
  if (!job) return call->fail(job.error());
  job.value()->match(order->ids.size());
  note_redrive(context, *call, *order, **job);
  answer_job(*call, **job);
  auto state = std::make_shared<Scan>(Scan{context, *job, std::move(*order)});
  if (state->order.filter) state->order.filter->limit = kPage;
  context.deps.worker.post([state] {
    if (state->order.filter) return scan(state);
    start(state);
  });
}

}  // namespace

void add_dead_letter_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string pattern, Role role, auto handler) {
    router.add(
        {.method = method, .pattern = std::move(pattern), .role = role, .handler = [&context, handler](CallPtr call) {
           handler(context, std::move(call));
         }});
  };
  add(http::Method::get, "/api/v1/dead-letters", Role::reader, list);
  add(http::Method::get, "/api/v1/dead-letters/{id}", Role::reader, get);
  add(http::Method::post, "/api/v1/dead-letters/redrive", Role::producer, redrive);
  add(http::Method::del, "/api/v1/dead-letters/{id}", Role::producer, drop);
}

}  // namespace schedules::api
