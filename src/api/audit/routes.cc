// GET /api/v1/audit: who changed what, newest first.
#include "api/context.h"
#include "api/events/filter.h"
#include "api/json/writer.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr std::array<std::string_view, 5> kKinds{"schedule", "definition", "setting", "dead_letter", "event"};

std::optional<std::string> known_kind(std::string_view text) {
  if (std::ranges::find(kKinds, text) == kKinds.end()) return std::nullopt;
  return std::string(text);
}

void append_entry(std::string& body, const AuditEntry& entry) {
  json::Writer out(body);
  out.open('{').field("id", entry.id).field("at", entry.at);
  out.field("actor", entry.actor.name).field("role", entry.actor.role);
  out.field("kind", entry.kind).field("object_id", entry.object_id).field("object_name", entry.object_name);
  out.field("action", entry.action).key("changes").raw(entry.changes.empty() ? "{}" : entry.changes);
  out.key("certain").boolean(entry.certain).close('}');
}

void list(Context& context, CallPtr call) {
  if (context.deps.audit == nullptr)
    return call->fail(Error{.code = Code::unavailable, .detail = "no audit trail is kept here"});
  Query query(call->request.query());
  auto page = read_page(query);
  AuditFilter filter;
  filter.kind = query.choice("kind", known_kind, "schedule, definition, setting, dead_letter, event");
  filter.object_id = query.text("id");
  filter.actor = query.text("actor");
  filter.since = query.time("since");
  filter.until = query.time("until");
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  filter.cursor = std::move(page.cursor);
  filter.limit = page.limit;
  context.deps.audit->find_entries(std::move(filter), [call = std::move(call)](Result<AuditPage> found) mutable {
    if (!found) return call->fail(found.error());
    std::string body = R"({"items":[)";
    for (const auto& entry : found->entries) {
      if (body.back() != '[') body += ',';
      append_entry(body, entry);
    }
    append_page_end(body, found->next_cursor);
    call->json(200, std::move(body));
  });
}

}  // namespace

void Context::note(const Identity& by, std::string kind, std::string object_id, std::string action,
                   std::string changes) const {
  if (!deps.note) return;
  deps.note(sealed({.id = {},
                    .at = now(),
                    .actor = actor_of(by),
                    .kind = std::move(kind),
                    .object_id = std::move(object_id),
                    .object_name = {},
                    .action = std::move(action),
                    .changes = std::move(changes)}));
}

void Context::note_event(const Identity& by, const EventId& id, std::string action, std::string changes) const {
  if (options.audit_events && by.role == Role::superuser)
    note(by, "event", id.text(), std::move(action), std::move(changes));
}

void add_audit_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/audit",
              .role = Role::superuser,
              .handler = [&context](CallPtr call) { list(context, std::move(call)); }});
}

}  // namespace schedules::api
