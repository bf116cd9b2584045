#include "api/api.h"

#include "api/context.h"
#include "base/log.h"

namespace schedules::api {
namespace {

constexpr std::string_view kAdmin = "/api/v1/admin";

ErrorForm form_of(const Route* route, std::string_view path) {
  if (route != nullptr) return route->form;
  return path.starts_with(kAdmin) ? ErrorForm::contract : ErrorForm::problem;
}

std::string list_of(const std::vector<http::Method>& methods) {
  std::string text;
  for (const auto method : methods) {
    if (!text.empty()) text += ", ";
    text += http::to_string(method);
  }
  return text;
}

}  // namespace

struct Api::Impl {
  Router router;
  Auth auth;
  Context context;

  Impl(ApiDeps deps, ApiOptions options, Auth its_auth)
      : auth(std::move(its_auth)), context{std::move(deps), std::move(options), auth, router, {}} {
    add_event_routes(router, context);
    add_bulk_routes(router, context);
    add_dead_letter_routes(router, context);
    add_stream_routes(router, context);
    add_schedule_routes(router, context);
    add_definition_routes(router, context);
    add_schedule_action_routes(router, context);
    add_preview_routes(router, context);
    add_monitoring_routes(router, context);
    add_cluster_routes(router, context);
    add_forecast_routes(router, context);
    add_settings_routes(router, context);
    add_alert_routes(router, context);
    add_audit_routes(router, context);
    add_scheduled_routes(router, context);
    add_admin_analytics_routes(router, context);
    add_redis_event_routes(router, context);
    add_page_routes(router, context);
  }

  // Who calls is known at once or, where a user has to be looked up, later on another thread.
  void receive(CallPtr call, Router::Match match) const {
    const bool preflight = call->request.method == http::Method::options;
    const Role needed = match.route == nullptr || preflight ? Role::anyone : match.route->role;
    const http::Request& request = call->request;  // stays where it is: the call is on the heap
    auth.identify(request, needed, context.now(),
                  [this, call = std::move(call), match = std::move(match)](Result<Identity> identity) mutable {
                    if (!identity) return call->fail(identity.error());
                    call->identity = std::move(*identity);
                    if ((call = admit(std::move(call), match))) handle(std::move(call), *match.route);
                  });
  }

  static void handle(CallPtr call, const Route& route) {
    try {
      route.handler(std::move(call));
    } catch (const std::exception& error) {
      // The call went down with the handler and has answered 500.
      log::error("api.handler_threw", {{"route", route.pattern}, {"error", error.what()}});
    }
  }

  // Answers what needs no handler; nullptr then.
  CallPtr admit(CallPtr call, const Router::Match& match) const {
    const bool preflight = call->request.method == http::Method::options;
    if (match.allowed.empty()) return call->fail(Error{.code = Code::not_found, .detail = "Not Found"}), nullptr;
    if (preflight) return answer_options(*call, match), nullptr;
    if (match.route == nullptr) {
      call->extra_headers.emplace_back("Allow", list_of(match.allowed));
      return call->fail(Error{.code = Code::method_not_allowed, .detail = "Method Not Allowed"}), nullptr;
    }
    if (const auto coding = call->request.header("Content-Encoding"); !coding.empty() && coding != "identity")
      return call->fail(Error{.code = Code::unsupported_media_type,
                              .detail = "bodies are taken as they are, without Content-Encoding"}),
             nullptr;
    auto params = router.params(*match.route, call->request.path());
    if (!params) return call->fail(params.error()), nullptr;
    call->params = std::move(*params);
    return call;
  }

  static void answer_options(Call& call, const Router::Match& match) {
    const std::string methods = list_of(match.allowed);
    http::Fields headers{{"Allow", methods}};
    const bool allowed = std::ranges::any_of(
        call.extra_headers, [](const auto& field) { return field.first == "Access-Control-Allow-Origin"; });
    if (allowed) {
      const auto wanted = call.request.header("Access-Control-Request-Headers");
      headers.emplace_back("Access-Control-Allow-Methods", methods);
      headers.emplace_back("Access-Control-Allow-Headers", wanted.empty() ? "Authorization, Content-Type" : wanted);
      headers.emplace_back("Access-Control-Max-Age", "600");
    }
    call.empty(204, std::move(headers));
  }
};

Api::Api(ApiDeps deps, ApiOptions options, Auth auth)
    : impl_(std::make_unique<Impl>(std::move(deps), std::move(options), std::move(auth))) {}
Api::~Api() = default;

size_t Api::body_limit(http::Request& request) const {
  const auto match = impl_->router.find(request.method, request.path());
  request.route = match.route;
  return match.route == nullptr ? kSmallBody : match.route->body_limit;
}

void Api::dispatch(http::Request request, http::Responder responder) {
  Router::Match match;
  if (request.route != nullptr) {
    match.route = static_cast<const Route*>(request.route);
    match.allowed = {request.method};
  } else {
    match = impl_->router.find(request.method, request.path());
  }
  const ErrorForm form = form_of(match.route, request.path());
  auto call = std::make_unique<Call>(std::move(request), std::move(responder), form);
  call->extra_headers = impl_->auth.cors_headers(call->request);
  if (const auto& deps = impl_->context.deps; deps.meter) {
    call->on_answer = [&deps, route = match.route, since = deps.clock.steady()](int status) {
      deps.meter(route == nullptr ? std::string_view("none") : std::string_view(route->pattern), status,
                 deps.clock.steady() - since);
    };
  }
  impl_->receive(std::move(call), std::move(match));
}

http::Response Api::refusal(const http::Request& request, const Error& error) const {
  return error_response(error, {form_of(nullptr, request.path()), request.request_id, {}, {}});
}

const Router& Api::router() const { return impl_->router; }
void Api::drain() { impl_->context.draining = true; }

}  // namespace schedules::api
