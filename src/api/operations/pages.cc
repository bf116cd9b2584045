// What lies outside /api/v1: health for orchestrators, metrics, the specification, the pages that show it and the admin page.
#include "api/context.h"
#include "api/json/writer.h"
#include "api/operations/assets.h"

namespace schedules::api {
namespace {

// Self-contained pages: nothing from elsewhere, no script but their own.
constexpr std::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

void healthz(Context&, CallPtr call) { call->json(200, R"({"status":"ok"})"); }

void readyz(Context& context, CallPtr call) {
  const auto parts = context.deps.operations.health ? context.deps.operations.health() : std::vector<HealthPart>{};
  const bool draining = context.draining;
  const bool ready =
      !draining && std::ranges::all_of(parts, [](const HealthPart& part) { return part.healthy || !part.required; });
  std::string body;
  json::Writer out(body);
  out.open('{').field("status", ready ? "ready" : draining ? "stopping" : "not_ready");
  out.field("version", context.options.version).key("dependencies").open('{');
  for (const auto& part : parts) {
    out.any_key(part.name).open('{').field(
        "status", part.status.empty() ? (part.healthy ? "healthy" : "unhealthy") : part.status);
    out.key("required").boolean(part.required).field("since", part.since).field("detail", part.detail).close('}');
  }
  out.close('}').close('}');
  call->json(ready ? 200 : 503, std::move(body));
}

void page(Call& call, std::string_view html) {
  call.send({.status = 200,
             .content_type = "text/html; charset=utf-8",
             .body = std::string(html),
             .headers = {{"Content-Security-Policy", std::string(kPolicy)}, {"Referrer-Policy", "no-referrer"}}});
}

void docs(Context&, CallPtr call) { page(*call, assets::docs_html()); }
void openapi(Context&, CallPtr call) { call->json(200, std::string(assets::openapi_json())); }

// A program that was built without the admin page says at least how it is.
void front(Context&, CallPtr call) {
  if (!answer_admin_page(*call)) page(*call, assets::landing_html());
}
void asset(Context&, CallPtr call) { answer_page_asset(*call, call->param("name")); }

}  // namespace

void add_page_routes(Router& router, Context& context) {
  const auto add = [&](std::string pattern, Role role, auto handler) {
    router.add({.method = http::Method::get,
                .pattern = std::move(pattern),
                .role = role,
                .handler = [&context, handler](CallPtr call) { handler(context, std::move(call)); }});
  };
  add("/healthz", Role::anyone, healthz);
  add("/readyz", Role::anyone, readyz);
  add("/metrics", context.auth.options().open_monitoring ? Role::anyone : Role::reader, answer_metrics);
  add("/openapi.json", Role::anyone, openapi);
  add("/docs", Role::anyone, docs);
  add("/", Role::anyone, front);
  add("/assets/{name}", Role::anyone, asset);
}

}  // namespace schedules::api
