// The one table of routes, from which requests, 404, 405, OPTIONS and the comparison with openapi.yaml come.
// Filled at start, then immutable and thread-safe.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"

namespace schedules::api {

inline constexpr size_t kSmallBody = 2UL << 20U;
inline constexpr size_t kBatchBody = 64UL << 20U;

struct Route {
  http::Method method = http::Method::get;
  std::string pattern;  ///< "/api/v1/events/{id}"; a segment is a literal or one parameter
  Role role = Role::superuser;
  Handler handler;
  size_t body_limit = kSmallBody;
  ErrorForm form = ErrorForm::problem;
  std::string alias_of;  ///< the pattern that this one is another name of, or empty
};

class Router {
 public:
  Router();
  ~Router();

  void add(Route route);
  /// Serves all that is under `pattern` under `alias` too. To be called after add.
  void alias(std::string_view prefix, std::string_view alias_prefix);

  struct Match {
    const Route* route = nullptr;       ///< null: see `allowed`
    std::vector<http::Method> allowed;  ///< what the path knows; empty: 404
  };
  /// Literal segments come before parameters; a trailing slash does not matter; HEAD is GET.
  [[nodiscard]] Match find(http::Method method, std::string_view path) const;
  /// Reads the parameters of a matched path. Errors: bad_request (broken escapes), invalid_utf8.
  [[nodiscard]] Result<std::vector<std::pair<std::string_view, std::string>>> params(const Route& route,
                                                                                     std::string_view path) const;
  [[nodiscard]] const std::vector<std::unique_ptr<Route>>& routes() const { return routes_; }

 private:
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace schedules::api
