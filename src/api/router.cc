#include "api/router.h"

#include "base/check.h"
#include "base/text.h"

namespace schedules::api {
namespace {

// Takes the next segment off the front; empty ones (of "//" or a trailing slash) are skipped.
std::string_view next_segment(std::string_view& path) {
  while (path.starts_with('/')) path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool is_parameter(std::string_view segment) { return segment.starts_with('{'); }

}  // namespace

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::vector<const Route*> routes;

  // Depth first, literals first: the most literal match wins, whatever the order of adding.
  [[nodiscard]] const Node* find(std::string_view path) const {
    const std::string_view segment = next_segment(path);
    if (segment.empty()) return routes.empty() ? nullptr : this;
    if (const auto literal = literals.find(segment); literal != literals.end())
      if (const Node* found = literal->second->find(path)) return found;
    return parameter ? parameter->find(path) : nullptr;
  }
};

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;

void Router::add(Route route) {
  routes_.push_back(std::make_unique<Route>(std::move(route)));
  const Route& added = *routes_.back();
  Node* node = root_.get();
  std::string_view rest = added.pattern;
  for (auto segment = next_segment(rest); !segment.empty(); segment = next_segment(rest)) {
    auto& next = is_parameter(segment) ? node->parameter : node->literals[std::string(segment)];
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  for (const Route* other : node->routes) CHECK(other->method != added.method);
  node->routes.push_back(&added);
}

void Router::alias(std::string_view prefix, std::string_view alias_prefix) {
  std::vector<Route> aliases;
  for (const auto& route : routes_) {
    if (!route->pattern.starts_with(prefix) || !route->alias_of.empty()) continue;
    aliases.push_back(*route);
    aliases.back().alias_of = route->pattern;
    aliases.back().pattern = std::string(alias_prefix) + route->pattern.substr(prefix.size());
  }
  for (auto& route : aliases) add(std::move(route));
}

Router::Match Router::find(http::Method method, std::string_view path) const {
  Match match;
  const Node* node = root_->find(path);
  if (node == nullptr) return match;
  if (method == http::Method::head) method = http::Method::get;
  for (const Route* route : node->routes) {
    if (route->method == method) match.route = route;
    match.allowed.push_back(route->method);
    if (route->method == http::Method::get) match.allowed.push_back(http::Method::head);
  }
  match.allowed.push_back(http::Method::options);
  return match;
}

Result<std::vector<std::pair<std::string_view, std::string>>> Router::params(const Route& route,
                                                                             std::string_view path) const {
  std::vector<std::pair<std::string_view, std::string>> found;
  std::string_view pattern = route.pattern;
  for (auto segment = next_segment(pattern); !segment.empty(); segment = next_segment(pattern)) {
    const std::string_view given = next_segment(path);
    if (!is_parameter(segment)) continue;
    const std::string_view name = segment.substr(1, segment.size() - 2);
    std::string value;
    if (!http::decode_percent(given, http::Plus::literal, value) || !is_valid_utf8(value) || !is_printable(value))
      return fail_field(Code::invalid_utf8, fmt::format("path:{}", name), "{} is not printable UTF-8", name);
    found.emplace_back(name, std::move(value));
  }
  return found;
}

}  // namespace schedules::api
