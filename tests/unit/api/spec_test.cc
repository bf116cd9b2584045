// The table of routes and api/openapi.yaml say the same, both ways.
#include <gtest/gtest.h>

#include <set>

#include "tests/unit/api/fakes.h"

namespace schedules::api {
namespace {

// "GET /path role [alias]" of every operation.
using Operations = std::set<std::string>;

void add_operations(const std::string& path, const json::Document& item, Operations& found) {
  std::vector<std::string> aliases;
  if (const auto* list = item.find("x-aliases")) {
    json::Document names;
    EXPECT_TRUE(names.read(list->text));
    for (const auto& name : names.members()) aliases.emplace_back(name.value.text);
  }
  for (const std::string_view verb : {"get", "post", "put", "patch", "delete"}) {
    const auto* operation = item.find(verb);
    if (operation == nullptr) continue;
    json::Document content;
    EXPECT_TRUE(content.read(operation->text));
    const auto* role = content.find("x-role");
    EXPECT_NE(role, nullptr) << path;
    std::string upper(verb);
    std::ranges::transform(upper, upper.begin(), [](char c) { return static_cast<char>(c - 32); });
    found.insert(fmt::format("{} {} {}", upper, path, role == nullptr ? "?" : role->text));
    for (const auto& alias : aliases)
      found.insert(fmt::format("{} {} {}", upper, alias, role == nullptr ? "?" : role->text));
  }
}

Operations of_specification(Fixture& fixture) {
  Operations found;
  json::Document spec;
  EXPECT_TRUE(spec.read(fixture.get("/openapi.json").body));
  json::Document paths;
  EXPECT_TRUE(paths.read(spec.find("paths")->text));
  for (const auto& [path, item] : paths.members()) {
    json::Document content;
    EXPECT_TRUE(content.read(item.text));
    add_operations(std::string(path), content, found);
  }
  return found;
}

Operations of_routes(const Fixture& fixture) {
  Operations found;
  for (const auto& route : fixture.api.router().routes())
    found.insert(fmt::format("{} {} {}", to_string(route->method), route->pattern, to_string(route->role)));
  return found;
}

TEST(Specification, EveryRouteIsDescribedAndEveryDescriptionIsServed) {
  Fixture fixture;
  const auto described = of_specification(fixture);
  const auto served = of_routes(fixture);
  for (const auto& operation : served) EXPECT_TRUE(described.contains(operation)) << "not described: " << operation;
  for (const auto& operation : described) EXPECT_TRUE(served.contains(operation)) << "not served: " << operation;
  EXPECT_GT(served.size(), 40U);
}

TEST(Specification, EveryReferenceLeadsSomewhere) {
  Fixture fixture;
  const std::string text = fixture.get("/openapi.json").body;
  constexpr std::string_view kMark = R"("$ref":"#/components/)";
  size_t references = 0;
  for (size_t at = text.find(kMark); at != text.npos; at = text.find(kMark, at + 1), ++references) {
    const std::string path = text.substr(at + kMark.size(), text.find('"', at + kMark.size()) - at - kMark.size());
    const std::string name = path.substr(path.find('/') + 1);
    EXPECT_NE(text.find(fmt::format("\"{}\":{{", name)), text.npos) << path;
  }
  EXPECT_GT(references, 100U);
}

}  // namespace
}  // namespace schedules::api
