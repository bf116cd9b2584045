#include "cli/pages.h"

#include <algorithm>

#include <boost/json.hpp>

#include "cli/json_text.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr size_t kPage = 1000;

void append(json::array& all, json::array&& more) {
  for (auto& item : more) all.push_back(std::move(item));
}

}  // namespace

int list_pages(Session& session, const std::string& path, Parameters parameters, size_t limit,
               const std::vector<Column>& columns) {
  auto client = Client::open(session);
  if (!client) return report(client.error());
  json::array items;
  std::string cursor;
  do {
    auto query = parameters;
    query.emplace_back("limit", std::to_string(std::min(kPage, limit - items.size())));
    query.emplace_back("cursor", cursor);
    const auto reply = client->send({.path = path + query_text(query)});
    if (!reply) return report(reply.error());
    auto answer = parse_answer(reply->body);
    if (!answer) return report(answer.error());
    auto* page = answer->is_object() ? answer->get_object().if_contains("items") : nullptr;
    if (page == nullptr || !page->is_array()) {
      return report({.code = Code::invalid_json, .detail = "the server's answer is no list"});
    }
    append(items, std::move(page->get_array()));
    cursor = text_at(answer->get_object(), "next_cursor");
  } while (!cursor.empty() && items.size() < limit);
  if (session.output == Output::json) {
    json::object out{{"items", std::move(items)}};
    out["next_cursor"] = cursor.empty() ? json::value() : json::value(cursor);
    print_json(out);
    return kDone;
  }
  print_rows(columns, items);
  if (!cursor.empty()) complain("there are more: raise --limit");
  return kDone;
}

Result<json::array> fetch_all(Client& client, const std::string& path, const Parameters& parameters, size_t limit) {
  json::array all;
  while (all.size() < limit) {
    auto query = parameters;
    const auto wanted = std::min(kPage, limit - all.size());
    query.emplace_back("skip", std::to_string(all.size()));
    query.emplace_back("limit", std::to_string(wanted));
    const auto reply = client.send({.path = path + query_text(query)});
    if (!reply) return fail(reply.error());
    auto answer = parse_answer(reply->body);
    if (!answer) return fail(std::move(answer.error()));
    if (!answer->is_array()) return fail(Code::invalid_json, "the server's answer is no list");
    const auto got = answer->get_array().size();
    append(all, std::move(answer->get_array()));
    if (got < wanted) break;
  }
  return all;
}

}  // namespace schedules::cli
