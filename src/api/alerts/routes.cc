// GET /api/v1/alerts: schedules that fail or are silent, those that were opened last first.
#include "alerting/message.h"
#include "api/context.h"
#include "api/events/filter.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

enum class Wanted : uint8_t { open, recovered, all };

std::optional<Wanted> parse_wanted(std::string_view text) {
  if (text == "open") return Wanted::open;
  if (text == "recovered") return Wanted::recovered;
  if (text == "all") return Wanted::all;
  return std::nullopt;
}

std::optional<std::string> text_if_any(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void append_alert(std::string& body, const Alert& alert, const std::string& public_url) {
  json::Writer out(body);
  out.open('{').field("schedule_id", alert.schedule_id).field("schedule_name", alert.schedule_name);
  out.field("kind", to_string(alert.kind)).field("status", alert.recovered_at ? "recovered" : "open");
  out.field("since", alert.since).field("opened_at", alert.opened_at).field("recovered_at", alert.recovered_at);
  out.field("reason", text_if_any(alert.reason)).key("failures").number(alert.failures);
  out.field("last_error", text_if_any(alert.error)).field("text", alert_text(alert));
  out.field("link", text_if_any(alert_link(public_url, alert.schedule_id)));
  // The address may hold a key: it is not told.
  out.key("told").boolean(alert.news == AlertNews::none && alert.told_at.has_value());
  out.field("told_at", alert.told_at).key("attempts").number(alert.attempts);
  out.field("next_try_at", alert.news == AlertNews::none ? std::nullopt : std::optional(alert.next_try_at));
  out.field("tell_error", text_if_any(alert.tell_error)).close('}');
}

void list(Context& context, CallPtr call) {
  if (context.deps.alerts == nullptr)
    return call->fail(Error{.code = Code::unavailable, .detail = "no alerts are kept here"});
  Query query(call->request.query());
  auto page = read_page(query);
  const auto wanted = query.choice("status", parse_wanted, "open, recovered, all").value_or(Wanted::open);
  AlertFilter filter;
  if (wanted != Wanted::all) filter.open = wanted == Wanted::open;
  filter.kind = query.choice("kind", parse_alert_kind, "failure, silence");
  filter.schedule_id = query.text("schedule_id");
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  filter.cursor = std::move(page.cursor);
  filter.limit = page.limit;
  context.deps.alerts->find_alerts(std::move(filter),
                                   [&context, call = std::move(call)](Result<AlertPage> found) mutable {
                                     if (!found) return call->fail(found.error());
                                     std::string body = R"({"items":[)";
                                     for (const auto& alert : found->alerts) {
                                       if (body.back() != '[') body += ',';
                                       append_alert(body, alert, context.options.public_url);
                                     }
                                     append_page_end(body, found->next_cursor);
                                     call->json(200, std::move(body));
                                   });
}

}  // namespace

void add_alert_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/alerts",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { list(context, std::move(call)); }});
}

}  // namespace schedules::api
