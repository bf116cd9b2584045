// The framework's settings page (docs/reference/contract, 6.1): its four calls, for our own settings, and where each value
// comes from.
#include "api/context.h"
#include "api/faults.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

constexpr size_t kMaxKeys = 500;

void schemas(Context& context, CallPtr call) {
  const auto& panel = context.deps.settings;
  call->json(200, panel.schemas_json ? panel.schemas_json() : R"({"settings":{},"groups":{},"subgroups":{}})");
}

void sources(Context& context, CallPtr call) {
  const auto& panel = context.deps.settings;
  call->json(200, panel.sources_json ? panel.sources_json() : "{}");
}

void get(Context& context, CallPtr call) {
  json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  Faults faults;
  const auto* keys = document.find("keys");
  std::optional<std::vector<std::string>> names;
  if (keys == nullptr) {
    faults.add(Code::missing_field, "keys", "keys is missing");
  } else {
    names = faults.names("keys", *keys, kMaxKeys);
  }
  if (faults.any() || !names) return call->fail(faults.error());
  std::string body = "{";
  json::Writer out(body);
  for (const auto& name : *names) {
    const auto& value_of = context.deps.settings.value_json;
    if (const auto value = value_of ? value_of(name) : std::nullopt) out.any_key(name).raw(*value);
  }
  out.close('}');
  call->json(200, std::move(body));
}

std::optional<SettingChange> read_change(size_t index, const json::Value& value, Faults& faults) {
  const std::string field = std::to_string(index);
  json::Document document;
  if (!faults.expect(field, value, json::Kind::object) || !document.read(value.text)) return std::nullopt;
  SettingChange change;
  for (const auto& [key, entry] : document.members()) {
    if (key == "key") change.key = faults.name(field + ".key", entry, Presence::required).value_or("");
    if (key == "value") change.value_json = json::to_json(entry);
    if (key == "module" && entry.kind == json::Kind::string) change.module = std::string(entry.text);
  }
  for (const std::string_view needed : {"key", "value"})
    if (document.find(needed) == nullptr)
      faults.add(Code::missing_field, fmt::format("{}.{}", field, needed), fmt::format("{} is missing", needed));
  return change;
}

std::string saved_json(const SettingsPanel& panel, const std::vector<SettingChange>& changes) {
  std::string body = "[";
  json::Writer out(body);
  for (const auto& change : changes) {
    const bool restart = !panel.restart_required || panel.restart_required(change.key);
    const bool secret = panel.secret && panel.secret(change.key);
    out.open('{').field("key", change.key).key("value").raw(secret ? R"("********")" : change.value_json);
    out.field("module", change.module.empty() ? "schedules" : change.module).key("restart_required").boolean(restart);
    out.close('}');
  }
  out.close(']');
  return body;
}

// Key and what changes; the values of secrets are not told.
std::vector<std::pair<std::string, std::string>> notes_of(const SettingsPanel& panel,
                                                          const std::vector<SettingChange>& changes) {
  std::vector<std::pair<std::string, std::string>> notes;
  for (const auto& change : changes) {
    const bool secret = !panel.secret || panel.secret(change.key);
    const auto before = panel.value_json ? panel.value_json(change.key) : std::nullopt;
    const std::string masked = fmt::format("\"{}\"", kMasked);
    notes.emplace_back(change.key, fmt::format(R"({{"value":{{"before":{},"after":{}}}}})",
                                               secret ? masked : shown_in_audit("value", before.value_or("null")),
                                               secret ? masked : shown_in_audit("value", change.value_json)));
  }
  return notes;
}

void save(Context& context, CallPtr call) {
  json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  Faults faults;
  if (document.kind() != json::Kind::array || document.members().size() > kMaxKeys)
    faults.add(Code::wrong_type, "", fmt::format("the body must be an array of at most {} settings", kMaxKeys));
  std::vector<SettingChange> changes;
  for (const auto& member : document.members())
    if (auto change = faults.any() && document.kind() != json::Kind::array
                          ? std::nullopt
                          : read_change(changes.size(), member.value, faults))
      changes.push_back(std::move(*change));
  if (faults.any()) return call->fail(faults.error());
  if (!context.deps.settings.save)
    return call->fail(Error{.code = Code::unavailable, .detail = "settings cannot be stored here"});
  std::string body = saved_json(context.deps.settings, changes);
  std::string by = call->identity.subject;
  auto notes = notes_of(context.deps.settings, changes);
  auto answer = [&context, body = std::move(body), notes = std::move(notes),
                 call = std::move(call)](Result<void> saved) mutable {
    if (!saved) return call->fail(saved.error());
    for (auto& [key, what] : notes) context.note(call->identity, "setting", key, "override", std::move(what));
    call->json(200, std::move(body));
  };
  context.deps.settings.save(std::move(changes), std::move(by), std::move(answer));
}

void refresh(Context& context, CallPtr call) {
  if (!context.deps.settings.refresh) return call->json(200, R"({"success":true})");
  context.deps.settings.refresh([call = std::move(call)](Result<void> refreshed) {
    if (!refreshed) return call->fail(refreshed.error());
    call->json(200, R"({"success":true})");
  });
}

}  // namespace

void add_settings_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string_view path, auto handler) {
    router.add({.method = method,
                .pattern = fmt::format("/api/v1/admin/settings/{}", path),
                .role = Role::superuser,
                .handler = [&context, handler](CallPtr call) { handler(context, std::move(call)); },
                .form = ErrorForm::contract});
  };
  add(http::Method::get, "schemas", schemas);
  add(http::Method::get, "sources", sources);
  add(http::Method::post, "get", get);
  add(http::Method::post, "save", save);
  add(http::Method::post, "refresh-cache", refresh);
}

}  // namespace schedules::api
