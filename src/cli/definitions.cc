// schedules definitions: plan and apply declared schedules.
#include <set>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/definition_plan.h"
#include "cli/output.h"
#include "cli/pages.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr size_t kAllDefinitions = 1'000'000;

struct DefinitionsOptions {
  std::vector<std::string> files;
  std::string owner;
  PlanOptions plan;
};

struct Done {
  size_t changed = 0;
  size_t failed = 0;
};

json::object item_json(const PlanItem& item) {
  json::array changes;
  for (const auto& change : item.changes) changes.emplace_back(change);
  return {{"action", to_string(item.action)},
          {"name", item.name},
          {"id", item.id.empty() ? json::value() : json::value(item.id)},
          {"changes", std::move(changes)},
          {"note", item.note}};
}

json::object summary_json(const Plan& plan) {
  json::object summary;
  for (const auto action :
       {PlanAction::create, PlanAction::update, PlanAction::unchanged, PlanAction::orphan, PlanAction::conflict}) {
    summary[to_string(action)] = plan.count(action);
  }
  return summary;
}

void print_plan(const Plan& plan) {
  for (const auto& item : plan.items) {
    if (item.action == PlanAction::unchanged && item.note.empty()) continue;
    print_line(fmt::format("{:<10}{}{}", to_string(item.action), printable(item.name),
                           item.note.empty() ? "" : "  (" + printable(item.note) + ")"));
    for (const auto& change : item.changes) print_line("            " + printable(change));
  }
  print_line(fmt::format("{} to create, {} to update, {} unchanged, {} orphaned, {} in conflict",
                         plan.count(PlanAction::create), plan.count(PlanAction::update),
                         plan.count(PlanAction::unchanged), plan.count(PlanAction::orphan),
                         plan.count(PlanAction::conflict)));
}

Result<Plan> plan_for(const DefinitionsOptions& options, Client& client) {
  const auto definitions = read_all_definitions(options.files, options.owner);
  if (!definitions) return fail(definitions.error());
  const auto stored = fetch_all(client, kSchedules, {}, kAllDefinitions);
  if (!stored) return fail(stored.error());
  std::vector<std::string> owners;
  if (!options.owner.empty()) owners.push_back(options.owner);
  return make_plan(*definitions, owners, *stored, options.plan);
}

std::optional<Request> request_of(const PlanItem& item, bool prune) {
  const auto path = fmt::format("{}/{}", kSchedules, escaped(item.id));
  switch (item.action) {
    case PlanAction::create:
      return Request{.method = "POST", .path = kSchedules, .body = item.request};
    case PlanAction::update:
      return Request{.method = "PUT", .path = path, .body = item.request};
    case PlanAction::orphan:
      if (prune) return Request{.method = "DELETE", .path = path};
      if (!item.request.empty()) return Request{.method = "PUT", .path = path, .body = item.request};
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

// One that fails is told and keeps no other from being applied.
Done apply_plan(const Plan& plan, bool prune, Client& client) {
  Done done;
  for (const auto& item : plan.items) {
    if (item.action == PlanAction::conflict) {
      report({.code = Code::conflict, .detail = item.name + ": " + item.note});
      ++done.failed;
      continue;
    }
    const auto request = request_of(item, prune);
    if (!request) continue;
    if (const auto reply = client.send(*request); !reply) {
      complain(fmt::format("{} {}:", to_string(item.action), item.name));
      report(reply.error());
      ++done.failed;
    } else {
      ++done.changed;
    }
  }
  return done;
}

int run_definitions(const DefinitionsOptions& options, const Session& session, bool apply) {
  auto client = Client::open(session);
  if (!client) return report(client.error());
  const auto plan = plan_for(options, *client);
  if (!plan) return report(plan.error());
  if (session.output == Output::table) print_plan(*plan);
  Done done;
  if (apply) {
    flush_output();
    done = apply_plan(*plan, options.plan.prune, *client);
  }
  if (session.output == Output::json) {
    json::array items;
    for (const auto& item : plan->items) items.push_back(item_json(item));
    json::object out{{"items", std::move(items)}, {"summary", summary_json(*plan)}};
    if (apply) out["applied"] = json::object{{"changed", done.changed}, {"failed", done.failed}};
    print_json(out);
  } else if (apply) {
    print_line(fmt::format("applied: {} changed, {} failed", done.changed, done.failed));
  }
  return done.failed > 0 || (!apply && plan->count(PlanAction::conflict) > 0) ? kFailed : kDone;
}

void add_one(CLI::App& group, Session& session, const char* name, const char* description, bool apply) {
  auto options = std::make_shared<DefinitionsOptions>();
  auto& command = add_command(group, session, name, description,
                              [options, &session, apply] { return run_definitions(*options, session, apply); });
  command.add_option("FILE", options->files, "YAML or JSON files; - is stdin")->required();
  command.add_option("--owner", options->owner, "whose definitions these are [owner or module_name in the file]")
      ->type_name("NAME");
  command.add_flag("--prune", options->plan.prune, "delete what this owner declares no longer (else: disable it)");
  command.add_flag("--force", options->plan.force, "prune more than a fifth of the owner's schedules");
  add_client_options(command, session);
}

}  // namespace

void add_definitions(CLI::App& root, Session& session) {
  auto& group = add_group(root, "definitions", "Keep schedules as files declare them.");
  add_one(group, session, "plan", "Show what apply would do.", false);
  add_one(group, session, "apply", "Make the server's schedules as declared; unchanged ones keep their state.", true);
}

}  // namespace schedules::cli
