// Definitions (docs/reference/contract, 1.7 and 2.3): look, override, apply again.
#include "api/context.h"
#include "api/definitions/desk.h"
#include "api/faults.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr std::string_view kDefinitions = "/api/v1/admin/schedules/definitions";

void append_definition(std::string& body, const DefinitionView& view) {
  const auto& one = view.definition;
  json::Writer out(body);
  out.open('{')
      .field("id", one.id)
      .field("event_class_name", one.class_name)
      .field("event_name", one.event_name)
      .field("module_name", one.module_name)
      .field("entity_type", one.entity_type)
      .field("action", one.action)
      .field("cron_expression", one.cron_expression)
      .field("timezone", one.timezone)
      .field("description", one.description)
      .key("payload")
      .raw(one.payload)
      .field("actor_type", one.actor_type)
      .field("actor_id", one.actor_id)
      .field("status", to_string(one.status))
      .key("max_retries")
      .number(one.max_retries)
      .key("retry_delay_seconds")
      .number(one.retry_delay.count())
      .field("last_sync_at", one.last_sync_at)
      .field("last_error", one.last_error)
      .field("created_at", one.created_at)
      .field("updated_at", one.updated_at);
  out.key("manual_payload_override").raw(one.manual_payload.value_or("null"));
  out.field("manual_cron_override", one.manual_cron);
  const auto status = one.manual_status ? std::optional(to_string(*one.manual_status)) : std::nullopt;
  out.field("manual_status_override", status);
  const auto& schedule = view.schedule;
  if (schedule) {
    out.field("schedule_id", schedule->id).field("schedule_status", to_string(schedule->status));
  } else {
    out.key("schedule_id").null().key("schedule_status").null();
  }
  out.field("last_execution_at", schedule ? schedule->last_execution : std::nullopt)
      .field("next_execution_at", schedule ? schedule->next_execution : std::nullopt)
      .key("execution_count")
      .number(schedule ? schedule->execution_count : 0)
      .key("error_count")
      .number(schedule ? schedule->error_count : 0)
      .close('}');
}

Done<DefinitionView> answer_one(CallPtr call) {
  return [call = std::move(call)](Result<DefinitionView> view) mutable {
    if (!view) return call->fail(view.error());
    std::string body;
    append_definition(body, *view);
    call->json(200, std::move(body));
  };
}

void list(Context& context, CallPtr call) {
  Query query(call->request.query());
  auto module = query.text("module_name");
  if (auto status = query.status(); !status) return call->fail(status.error());
  context.deps.definitions->list(module.value_or(""),
                                 [call = std::move(call)](Result<std::vector<DefinitionView>> all) mutable {
                                   if (!all) return call->fail(all.error());
                                   std::string body = "[";
                                   for (const auto& view : *all) {
                                     if (body.size() > 1) body += ',';
                                     append_definition(body, view);
                                   }
                                   call->json(200, body + "]");
                                 });
}

void get(Context& context, CallPtr call) {
  std::string name(call->param("name"));
  context.deps.definitions->get(std::move(name), answer_one(std::move(call)));
}

// Absent: leave it; null: clear it; else what `read` makes of it.
template <class T, class Read>
void read_override(const json::Document& document, std::string_view key, std::optional<std::optional<T>>& out,
                   Read read) {
  const auto* value = document.find(key);
  if (value == nullptr) return;
  out.emplace();
  if (value->kind != json::Kind::null) out->emplace(read(*value));
}

void put(Context& context, CallPtr call) {
  json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  Faults faults;
  if (document.kind() != json::Kind::object) faults.add(Code::wrong_type, "", "the body must be a JSON object");
  DefinitionOverrides overrides;
  read_override(document, "manual_payload_override", overrides.payload, [&](const json::Value& value) {
    return faults.object("manual_payload_override", value).value_or("{}");
  });
  read_override(document, "manual_cron_override", overrides.cron, [&](const json::Value& value) {
    return faults.name("manual_cron_override", value, Presence::required).value_or("");
  });
  read_override(document, "manual_status_override", overrides.status, [&](const json::Value& value) {
    return faults.choice("manual_status_override", value, parse_definition_status, "active, disabled, draft")
        .value_or(DefinitionStatus::active);
  });
  if (faults.any()) return call->fail(faults.error());
  const std::string name(call->param("name"));
  auto by = actor_of(call->identity);
  context.deps.definitions->set_overrides(name, std::move(overrides), std::move(by), answer_one(std::move(call)));
}

void sync(Context& context, CallPtr call) {
  context.deps.sync_definitions([call = std::move(call)](Result<SyncReport> report) mutable {
    if (!report) return call->fail(report.error());
    std::string body;
    json::Writer out(body);
    out.open('{')
        .field("status", report->faults.empty() ? "success" : "partial")
        .key("created")
        .number(report->created)
        .key("updated")
        .number(report->updated)
        .key("unchanged")
        .number(report->unchanged)
        .key("disabled")
        .number(report->disabled);
    out.key("errors").open('[');
    for (const auto& fault : report->faults) out.text(fault);
    out.close(']').close('}');
    call->json(200, std::move(body));
  });
}

}  // namespace

void add_definition_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string_view path, void (*handler)(Context&, CallPtr)) {
    router.add({.method = method,
                .pattern = fmt::format("{}{}", kDefinitions, path),
                .role = Role::superuser,
                .handler =
                    [&context, handler](CallPtr call) {
                      if (context.deps.definitions == nullptr)
                        return call->fail(Error{.code = Code::unavailable, .detail = "no definitions are kept here"});
                      handler(context, std::move(call));
                    },
                .form = ErrorForm::contract});
  };
  add(http::Method::get, "", list);
  add(http::Method::post, "/sync", sync);
  add(http::Method::get, "/{name}", get);
  add(http::Method::put, "/{name}", put);
}

}  // namespace schedules::api
