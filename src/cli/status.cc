// schedules status: health of each part of the server.
#include <map>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/output.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

// The parts, under whichever of its names the answer has them.
const json::value* parts_of(const json::object& ready) {
  for (const auto* name : {"services", "dependencies", "parts", "checks"}) {
    if (const auto* parts = ready.if_contains(name)) return parts;
  }
  return nullptr;
}

void add_part(const json::object& part, const std::string& name, std::vector<std::vector<std::string>>& rows) {
  rows.push_back({printable(name), printable(text_at(part, "status")), printable(text_at(part, "since")),
                  printable(text_at(part, "detail"))});
}

void print_ready(const json::object& ready) {
  std::vector<std::vector<std::string>> rows{{"PART", "STATUS", "SINCE", "DETAIL"}};
  add_part(ready, "server", rows);
  const auto* parts = parts_of(ready);
  if (parts != nullptr && parts->is_object()) {
    for (const auto& [name, part] : parts->get_object()) {
      if (part.is_object()) add_part(part.get_object(), name, rows);
    }
  } else if (parts != nullptr && parts->is_array()) {
    for (const auto& part : parts->get_array()) {
      if (part.is_object()) add_part(part.get_object(), text_at(part.get_object(), "name"), rows);
    }
  }
  print_table(rows);
}

// One line a node, with how many of the shards are its.
void print_cluster(const json::object& cluster) {
  std::map<std::string, size_t> shards;
  if (const auto* list = cluster.if_contains("shards"); list != nullptr && list->is_array()) {
    for (const auto& shard : list->get_array()) {
      if (shard.is_object()) ++shards[text_at(shard.get_object(), "owner")];
    }
  }
  std::vector<std::vector<std::string>> rows{{"NODE", "SHARDS", "LEADS", "ADDRESS", "SEEN"}};
  const auto* nodes = cluster.if_contains("nodes");
  if (nodes == nullptr || !nodes->is_array()) return;
  for (const auto& one : nodes->get_array()) {
    if (!one.is_object()) continue;
    const auto& node = one.get_object();
    const auto id = text_at(node, "id");
    rows.push_back({printable(id), std::to_string(shards[id]), id == text_at(cluster, "leader") ? "yes" : "",
                    printable(text_at(node, "address")), printable(text_at(node, "seen_at"))});
  }
  print_line("");
  print_table(rows);
}

int run_status(Session& session) {
  auto client = Client::open(session);
  if (!client) return report(client.error());
  // Not ready is an answer too, with status 503.
  const auto ready = client->exchange({.path = "/readyz"});
  if (!ready) return report(ready.error());
  const auto answer = parse_answer(ready->body);
  if (!answer || !answer->is_object()) return report(error_of(*ready));
  const auto stats = client->send({.path = "/api/v1/admin/schedules/monitoring/stats"});
  const auto counts = stats ? parse_answer(stats->body) : Result<json::value>(json::value());
  const auto members = client->send({.path = "/api/v1/cluster"});
  const auto cluster = members ? parse_answer(members->body) : Result<json::value>(json::value());
  if (session.output == Output::json) {
    print_json(json::object{{"server", client->server()},
                            {"ready", *answer},
                            {"cluster", cluster ? *cluster : json::value()},
                            {"stats", counts ? *counts : json::value()}});
  } else {
    print_ready(answer->get_object());
    if (cluster && cluster->is_object()) print_cluster(cluster->get_object());
    if (counts && counts->is_object()) {
      print_line("");
      print_object(counts->get_object());
    }
  }
  return ready->status == 200 ? kDone : kFailed;
}

}  // namespace

void add_status(CLI::App& root, Session& session) {
  auto& command = add_command(root, session, "status", "Show the health of each part; exit 1 if it is not ready.",
                              [&session] { return run_status(session); });
  add_client_options(command, session);
}

}  // namespace schedules::cli
