#include "cli/definition_plan.h"

#include <algorithm>
#include <map>
#include <set>

#include <boost/json.hpp>

#include "base/text.h"
#include "cli/json_text.h"
#include "cli/schedule_fields.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

// What tells a schedule that apply disabled from one that an operator did.
constexpr std::string_view kRemoved = "definition removed";

std::string shown(const json::value& value) { return truncate_utf8(json::serialize(value), 200); }

std::string owner_of(const json::object& schedule) { return text_at(schedule, "owner"); }

// The fields that differ go into the request; what the server does not show cannot be compared and counts as its default.
void compare(const json::object& wanted, const json::object& stored, PlanItem& item) {
  json::object request;
  for (const auto& field : schedule_fields()) {
    const auto& value = wanted.at(field.name);
    const auto* current = stored.if_contains(field.name);
    const json::value there = current != nullptr ? *current : json::parse(field.fallback);
    if (same_value(field, value, there)) continue;
    request[field.name] = value;
    item.changes.push_back(fmt::format("{}: {} → {}", field.name, shown(there), shown(value)));
  }
  const auto status = text_at(stored, "status");
  if (status == "paused") item.note = "paused by an operator; stays paused";
  if (status == "disabled" && text_at(stored, "note") == kRemoved) {
    request["status"] = "active";
    request["note"] = nullptr;
    item.changes.emplace_back("status: \"disabled\" → \"active\"");
  } else if (status == "disabled") {
    item.note = "disabled by an operator; stays disabled";
  }
  if (request.empty()) return;
  item.action = PlanAction::update;
  item.request = json::serialize(request);
}

PlanItem plan_one(const Definition& definition, const json::object* stored) {
  PlanItem item{.name = definition.name};
  const auto wanted = json::parse(definition.body).get_object();
  if (stored == nullptr) {
    item.action = PlanAction::create;
    json::object request;
    for (const auto& field : schedule_fields()) {
      // All of them: the server's own defaults are settings and may differ from the file's.
      if (const auto& value = wanted.at(field.name); !value.is_null()) request[field.name] = value;
    }
    item.request = json::serialize(request);
    return item;
  }
  item.id = text_at(*stored, "id");
  if (owner_of(*stored) != definition.owner) {
    item.action = PlanAction::conflict;
    item.note = owner_of(*stored).empty() ? std::string("the name is taken by a schedule that was made by hand")
                                          : "the name is taken by " + owner_of(*stored);
    return item;
  }
  compare(wanted, *stored, item);
  return item;
}

PlanItem plan_orphan(const json::object& stored, const PlanOptions& options) {
  PlanItem item{.action = PlanAction::orphan, .name = text_at(stored, "name"), .id = text_at(stored, "id")};
  if (options.prune) {
    item.note = "deleted";
  } else if (text_at(stored, "status") == "disabled") {
    item.note = "is disabled; --prune deletes it";
  } else {
    item.request = json::serialize(json::object{{"status", "disabled"}, {"note", kRemoved}});
    item.note = "disabled; --prune deletes it";
  }
  return item;
}

}  // namespace

std::string_view to_string(PlanAction action) {
  constexpr std::array<std::string_view, 5> kNames{"create", "update", "unchanged", "orphan", "conflict"};
  return kNames[static_cast<size_t>(action)];
}

size_t Plan::count(PlanAction action) const {
  return static_cast<size_t>(std::ranges::count(items, action, &PlanItem::action));
}

bool Plan::changes_something() const {
  return std::ranges::any_of(items, [](const PlanItem& item) {
    return item.action == PlanAction::create || item.action == PlanAction::update ||
           (item.action == PlanAction::orphan && (!item.request.empty() || item.note == "deleted"));
  });
}

Result<Plan> make_plan(const std::vector<Definition>& definitions, const std::vector<std::string>& owners,
                       const json::array& stored, const PlanOptions& options) {
  std::map<std::string, const json::object*> by_name;
  for (const auto& item : stored) {
    if (item.is_object()) by_name[text_at(item.get_object(), "name")] = &item.get_object();
  }
  Plan plan;
  std::set<std::string> mine(owners.begin(), owners.end());
  std::set<std::string> declared;
  for (const auto& definition : definitions) {
    mine.insert(definition.owner);
    declared.insert(definition.name);
    const auto found = by_name.find(definition.name);
    plan.items.push_back(plan_one(definition, found == by_name.end() ? nullptr : found->second));
  }
  std::map<std::string, size_t> owned;
  std::map<std::string, size_t> orphaned;
  for (const auto& [name, schedule] : by_name) {
    const auto owner = owner_of(*schedule);
    if (owner.empty() || !mine.contains(owner)) continue;
    ++owned[owner];
    if (declared.contains(name)) continue;
    ++orphaned[owner];
    plan.items.push_back(plan_orphan(*schedule, options));
  }
  if (options.prune && !options.force) {
    for (const auto& [owner, count] : orphaned) {
      if (static_cast<double>(count) <= kPruneShare * static_cast<double>(owned[owner])) continue;
      return fail(Code::conflict, "prune would delete {} of the {} schedules of {}, more than {:.0f} %: say --force",
                  count, owned[owner], owner, kPruneShare * 100);
    }
  }
  return plan;
}

}  // namespace schedules::cli
