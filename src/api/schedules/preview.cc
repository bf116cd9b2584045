// GET /schedules/preview: when a rule fires, and why then.
#include "api/context.h"
#include "api/json/writer.h"
#include "api/query.h"
#include "recurrence/explain.h"

namespace schedules::api {
namespace {

std::string_view to_string(Adjustment adjustment) {
  switch (adjustment) {
    case Adjustment::none:
      return "none";
    case Adjustment::moved_out_of_gap:
      return "moved_out_of_gap";
    case Adjustment::first_of_two:
      return "first_of_two";
    case Adjustment::second_of_two:
      return "second_of_two";
  }
  return "none";
}

// RFC 3339 with the zone's offset at that instant.
std::string local_text(const Zone& zone, TimePoint time) {
  const auto reading = zone.to_local(time);
  std::string text = format_time(TimePoint(reading.time.time_since_epoch()));
  text.pop_back();
  const auto minutes = std::abs(std::chrono::duration_cast<std::chrono::minutes>(reading.offset).count());
  return fmt::format("{}{}{:02}:{:02}", text, reading.offset.count() < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

Error in_query(Error error) {
  error.field = error.field == "timezone" ? "query:tz" : "query:expr";
  for (auto& fault : error.more) fault = in_query(std::move(fault));
  return error;
}

void append_occurrence(json::Writer& out, const Recurrence& recurrence, const Preview& preview) {
  const Occurrence& at = preview.occurrence;
  out.open('{').field("at", at.due).field("local", local_text(recurrence.zone(), at.due));
  out.field("nominal", at.nominal).field("adjustment", to_string(at.adjustment));
  out.field("why", preview.why).close('}');
}

struct PreviewRequest {
  RecurrenceSpec spec;
  TimePoint after;
  size_t count = 5;
};

PreviewRequest read_request(const Context& context, Query& query) {
  PreviewRequest request;
  auto& spec = request.spec;
  if (auto expression = query.text("expr")) {
    spec.cron.push_back(std::move(*expression));
  } else {
    query.refuse(Code::missing_field, "expr", "is missing");
  }
  spec.timezone = query.text("tz").value_or(context.options.default_timezone);
  spec.schedule_id = query.text("schedule_id").value_or("");
  spec.seconds = context.options.cron_seconds_last ? SecondsPosition::last : SecondsPosition::first;
  if (query.choice("dst_gap", parse_dst_gap, "shift_forward, skip") == DstGap::skip) spec.clock.gap = GapPolicy::skip;
  if (const auto overlap = query.choice("dst_overlap", parse_dst_overlap, "first, second, both"))
    spec.clock.overlap = static_cast<OverlapPolicy>(*overlap);
  if (const auto jitter = query.integer("jitter_seconds", 0, 86'400)) spec.jitter = std::chrono::seconds(*jitter);
  request.count = static_cast<size_t>(query.integer("n", 1, 1000).value_or(5));
  request.after = query.time("after").value_or(context.now());
  return request;
}

void preview_route(Context& context, CallPtr call) {
  Query query(call->request.query());
  PreviewRequest request = read_request(context, query);
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  const std::string expression = request.spec.cron.front();
  const auto recurrence = Recurrence::make(std::move(request.spec));
  if (!recurrence) return call->fail(in_query(recurrence.error()));
  std::string body;
  json::Writer out(body);
  out.open('{').field("expr", expression).field("timezone", recurrence->zone().name());
  out.field("after", request.after).key("occurrences").open('[');
  for (const auto& one : preview(*recurrence, request.after, request.count)) append_occurrence(out, *recurrence, one);
  out.close(']').key("notes").open('[');
  for (const auto& note : notes(*recurrence)) out.text(note);
  out.close(']').close('}');
  call->json(200, std::move(body));
}

}  // namespace

void add_preview_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/schedules/preview",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { preview_route(context, std::move(call)); }});
}

}  // namespace schedules::api
