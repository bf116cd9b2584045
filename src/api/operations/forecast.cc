// GET /api/v1/forecast: how many events will fire, by slots of time from now on: those that wait, and what schedules will
// make. The stores count; neither they nor the rules are asked for more than a bounded amount.
#include "engine/forecast.h"

#include "api/context.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr size_t kMostSlots = 1'000;
constexpr size_t kMostSchedules = 5'000;

Result<TimeSlots> read_slots(Query& query, TimePoint now) {
  const Duration width = std::chrono::minutes(query.integer("slot_minutes", 1, 1'440).value_or(15));
  const Duration span = std::chrono::hours(query.integer("hours", 1, 168).value_or(24));
  if (span / width > static_cast<int64_t>(kMostSlots))
    query.refuse(Code::out_of_range, "slot_minutes",
                 fmt::format("makes more than {} slots of these hours", kMostSlots));
  if (auto status = query.strict_status(); !status) return fail(status.error());
  const Duration since = now.time_since_epoch() % width;
  return TimeSlots{now - since, width, static_cast<size_t>((span + width - Duration(1)) / width)};
}

std::string json_of(const TimeSlots& slots, const std::vector<SlotCount>& waiting,
                    const std::vector<SlotCount>& planned) {
  std::string body;
  json::Writer out(body);
  out.open('{').field("from", slots.from).field("until", slots.end());
  out.key("slot_seconds").number(std::chrono::duration_cast<std::chrono::seconds>(slots.width).count());
  out.key("slots").open('[');
  for (size_t slot = 0; slot < slots.count; ++slot) {
    out.open('{').field("at", slots.start_of(slot)).key("waiting").number(waiting[slot].count);
    out.key("planned").number(planned[slot].count);
    out.key("more").boolean(waiting[slot].more || planned[slot].more).close('}');
  }
  out.close(']').close('}');
  return body;
}

void add_planned(Context& context, const TimeSlots& slots, std::vector<SlotCount> waiting, CallPtr call) {
  context.deps.schedules.to_plan(
      slots.end(), kMostSchedules,
      [&context, slots, waiting = std::move(waiting),
       call = std::move(call)](Result<std::vector<Schedule>> found) mutable {
        if (!found) return call->fail(found.error());
        // Rules take long where they are many, and this is a store's thread.
        context.deps.worker.post(
            [&context, slots, waiting = std::move(waiting), found = std::move(*found), call = std::move(call)] {
              std::optional<TimePoint> rest_from;
              if (found.size() == kMostSchedules) rest_from = found.back().next_execution;
              call->json(200,
                         json_of(slots, waiting, forecast(found, slots, rest_from, context.options.cron_seconds_last)));
            });
      });
}

void answer_forecast(Context& context, CallPtr call) {
  Query query(call->request.query());
  const auto slots = read_slots(query, context.now());
  if (!slots) return call->fail(slots.error());
  context.deps.events.count_slots(
      *slots, [&context, slots = *slots, call = std::move(call)](Result<std::vector<SlotCount>> waiting) mutable {
        if (!waiting) return call->fail(waiting.error());
        add_planned(context, slots, std::move(*waiting), std::move(call));
      });
}

}  // namespace

void add_forecast_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/forecast",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { answer_forecast(context, std::move(call)); }});
}

}  // namespace schedules::api
