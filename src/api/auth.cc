#include "api/auth.h"

#include <arpa/inet.h>

#include "base/text.h"

namespace schedules::api {
namespace {

// "[::1]:8480" to "::1", "localhost:8480" to "localhost".
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == host.npos ? std::string_view{} : host.substr(1, end - 1);
  }
  return host.substr(0, host.find(':'));
}

bool is_same_site(std::string_view origin, std::string_view host) {
  const size_t scheme = origin.find("://");
  return scheme != origin.npos && !host.empty() && http::equals_ignoring_case(origin.substr(scheme + 3), host);
}

std::string_view bearer_of(const http::Request& request) {
  std::string_view text = request.header("Authorization");
  constexpr std::string_view kScheme = "bearer ";
  if (text.size() <= kScheme.size() || !http::equals_ignoring_case(text.substr(0, kScheme.size()), kScheme)) return {};
  text.remove_prefix(kScheme.size());
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

}  // namespace

std::string_view to_string(Role role) {
  switch (role) {
    case Role::anyone:
      return "anyone";
    case Role::reader:
      return "reader";
    case Role::producer:
      return "producer";
    case Role::superuser:
      return "superuser";
  }
  return "?";
}

std::optional<Role> parse_role(std::string_view text) {
  if (text == "reader" || text == "user") return Role::reader;
  if (text == "producer") return Role::producer;
  if (text == "superuser") return Role::superuser;
  return std::nullopt;
}

bool is_loopback_host(std::string_view host) {
  const std::string name(without_port(host));
  if (http::equals_ignoring_case(name, "localhost")) return true;
  in_addr v4{};
  if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127U;
  in6_addr v6{};
  return inet_pton(AF_INET6, name.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

Result<Auth> Auth::create(AuthOptions options) {
  Auth auth(std::move(options));
  if (auth.options_.mode != AuthOptions::Mode::none) {
    auto verifier = TokenVerifier::create(auth.options_.keys);
    if (!verifier) return fail(std::move(verifier.error()));
    auth.verifier_ = std::move(*verifier);
  }
  if (auth.options_.mode == AuthOptions::Mode::stufio) {
    if (auth.options_.users == nullptr)
      return fail(Code::invalid_argument, "authentication by the framework's users needs a store of users");
    auth.users_ = std::make_shared<UserCache>(*auth.options_.users);
  }
  return auth;
}

void Auth::identify(const http::Request& request, Role needed, TimePoint now, Done<Identity> done) const {
  auto identity = check(request, needed, now);
  const bool known = !users_ || needed == Role::anyone;
  if (!identity || known) return done(std::move(identity));
  const std::string subject = identity->subject;
  users_->find(subject, now, [needed, done = std::move(done)](Result<User> user) mutable {
    if (!user) {
      if (user.error().code == Code::not_found) return done(fail(Code::not_found, "User not found"));
      return done(fail(std::move(user.error())));
    }
    if (!user->is_active) return done(fail(Code::bad_request, "Inactive user"));
    const Role role = user->is_superuser ? Role::superuser : Role::reader;
    if (role < needed) return done(fail(Code::bad_request, "The user doesn't have enough privileges"));
    done(Identity{role, std::move(user->id)});
  });
}

Result<Identity> Auth::check(const http::Request& request, Role needed, TimePoint now) const {
  if (options_.mode == AuthOptions::Mode::none) {
    if (auto local = check_local(request); !local) return fail(std::move(local.error()));
    return Identity{Role::superuser, ""};
  }
  const std::string_view token = bearer_of(request);
  if (token.empty()) {
    if (needed == Role::anyone) return Identity{};
    return fail(Code::unauthenticated, "Not authenticated");
  }
  auto claims = verifier_->verify(token, now);
  if (!claims) {
    if (needed == Role::anyone) return Identity{};
    return fail(std::move(claims.error()));
  }
  if (users_) return Identity{Role::anyone, std::move(claims->subject)};  // its user decides
  const auto role = parse_role(claims->role);
  if (needed != Role::anyone && !role)
    return fail(Code::forbidden, "the token's role is not reader, producer or superuser");
  if (role.value_or(Role::anyone) < needed)
    return fail(Code::forbidden, "this needs the role {}, the token has {}", to_string(needed), to_string(*role));
  return Identity{role.value_or(Role::anyone), std::move(claims->subject)};
}

// Without tokens any page in a local browser could call us: by a name that it rebinds to 127.0.0.1 (the Host
// tells), or across sites (the Origin tells).
Status Auth::check_local(const http::Request& request) const {
  const std::string_view host = request.header("Host");
  if (!is_loopback_host(host))
    return fail(Code::forbidden, "without authentication only this machine may call, under a loopback name");
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || is_same_site(origin, host) || is_allowed_origin(origin)) return {};
  return fail(Code::forbidden, "without authentication no other site may call");
}

bool Auth::is_allowed_origin(std::string_view origin) const {
  return std::ranges::any_of(options_.cors_origins, [&](const std::string& allowed) {
    return http::equals_ignoring_case(allowed, origin) || (allowed == "*" && options_.mode == AuthOptions::Mode::token);
  });
}

http::Fields Auth::cors_headers(const http::Request& request) const {
  const std::string_view origin = request.header("Origin");
  if (origin.empty() || options_.cors_origins.empty()) return {};
  if (!is_allowed_origin(origin)) return {{"Vary", "Origin"}};
  return {{"Access-Control-Allow-Origin", std::string(origin)},
          {"Access-Control-Allow-Credentials", "true"},
          {"Access-Control-Expose-Headers", "ETag, Location, Retry-After, X-Request-Id"},
          {"Vary", "Origin"}};
}

}  // namespace schedules::api
