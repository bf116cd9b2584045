// schedules event: put, get, list, cancel, reschedule.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/event_filter.h"
#include "cli/event_put.h"
#include "cli/job.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "time/text.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr const char* kEvents = "/api/v1/events";

std::string path_of(const std::string& id) { return fmt::format("{}/{}", kEvents, escaped(id)); }

int print_answer(const Reply& reply, Output output) {
  if (output == Output::json) return print_line(reply.body), kDone;
  const auto answer = parse_answer(reply.body);
  if (!answer) return report(answer.error());
  if (answer->is_object()) print_object(answer->get_object());
  return kDone;
}

void add_get(CLI::App& group, Session& session) {
  auto id = std::make_shared<std::string>();
  auto& command = add_command(group, session, "get", "Show one event: state, attempts, why.", [id, &session] {
    auto client = Client::open(session);
    if (!client) return report(client.error());
    const auto reply = client->send({.path = path_of(*id)});
    return reply ? print_answer(*reply, session.output) : report(reply.error());
  });
  command.add_option("ID", *id, "the event's id")->required();
  add_client_options(command, session);
}

struct EventListOptions {
  EventFilterOptions filter;
  std::string status;
  size_t limit = 100;
};

void add_event_list(CLI::App& group, Session& session) {
  auto options = std::make_shared<EventListOptions>();
  auto& command = add_command(group, session, "list",
                              "List events: pending ones, or those that ended as --status says.", [options, &session] {
                                auto parameters = options->filter.pairs();
                                parameters.emplace_back("status", options->status);
                                static const std::vector<Column> columns{
                                    {"ID", "id"},         {"DUE", "scheduled_at"},   {"STATE", "state"},
                                    {"TOPIC", "topic"},   {"ENTITY", "entity_type"}, {"ID OF ENTITY", "entity_id"},
                                    {"ACTION", "action"}, {"ATTEMPT", "attempt"}};
                                return list_pages(session, kEvents, std::move(parameters), options->limit, columns);
                              });
  add_event_filter(command, options->filter);
  command.add_option("--status", options->status, "in this state [pending and in_flight]")
      ->check(CLI::IsMember({"pending", "in_flight", "fired", "cancelled", "skipped", "dead"}))
      ->type_name("STATE")
      ->group("Which events");
  command.add_option("--limit", options->limit, "at most so many")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->capture_default_str();
  add_client_options(command, session);
}

struct ChangeOptions {
  std::vector<std::string> ids;
  EventFilterOptions filter;
  DueOptions due;
  std::string revision;
  std::string wait;
  std::string shift;
  bool dry_run = false;
};

std::vector<std::pair<std::string, std::string>> if_match(const ChangeOptions& options) {
  if (options.revision.empty()) return {};
  return {{"If-Match", '"' + options.revision + '"'}};
}

// Each id by itself; one that is refused does not keep the others.
int each_id(const ChangeOptions& options, Session& session, const std::function<Request(const std::string&)>& make) {
  auto client = Client::open(session);
  if (!client) return report(client.error());
  int code = kDone;
  for (const auto& id : options.ids) {
    const auto reply = client->send(make(id));
    if (!reply) {
      if (options.ids.size() > 1) complain(id + ":");
      code = report(reply.error());
    } else if (session.output == Output::json) {
      print_line(reply->body);
    } else {
      const auto answer = parse_answer(reply->body);
      const auto word = answer && answer->is_object() ? text_at(answer->get_object(), "result") : std::string();
      const auto due = answer && answer->is_object() ? text_at(answer->get_object(), "scheduled_at") : std::string();
      print_line(due.empty() ? fmt::format("{} {}", id, word.empty() ? "done" : word)
                             : fmt::format("{} due {}", id, due));
    }
  }
  return code;
}

// Either ids or a filter, never both and never neither: an empty filter would mean every event.
std::string selection_fault(const ChangeOptions& options) {
  if (options.ids.empty() && options.filter.empty()) return "name events by id, or by a filter such as --topic";
  if (!options.ids.empty() && !options.filter.empty()) return "ids and filters exclude each other";
  if (!options.ids.empty() && options.dry_run) return "--dry-run goes with a filter";
  return "";
}

int cancel(const ChangeOptions& options, Session& session) {
  if (const auto fault = selection_fault(options); !fault.empty()) return report_usage(fault);
  std::string wait;
  if (!options.wait.empty()) {
    const auto time = parse_duration(options.wait);
    if (!time) return report_usage(fmt::format("--wait: {}", time.error().detail));
    wait = fmt::format("?wait={}", time->count() / 1000);
  }
  if (!options.ids.empty()) {
    return each_id(options, session, [&](const std::string& id) {
      return Request{.method = "DELETE", .path = path_of(id) + wait, .headers = if_match(options)};
    });
  }
  auto client = Client::open(session);
  if (!client) return report(client.error());
  const json::object body{{"filter", options.filter.json()}, {"dry_run", options.dry_run}};
  return run_job(*client, fmt::format("{}/cancel", kEvents), body, session.output);
}

// --by moves each event by a time of its own due time; --in and --at move all to one.
Status add_time(const ChangeOptions& options, json::object& body) {
  if (options.shift.empty()) return options.due.add_to(body);
  if (!options.due.in.empty() || !options.due.at.empty())
    return fail(Code::invalid_argument, "--by excludes --in and --at");
  if (!options.ids.empty()) return fail(Code::invalid_argument, "--by goes with a filter");
  const bool earlier = options.shift.starts_with('-');
  const auto time = parse_duration(std::string_view(options.shift).substr(earlier ? 1 : 0));
  if (!time) return fail_field(Code::invalid_argument, "--by", "{}", time.error().detail);
  body["shift_seconds"] = std::chrono::duration<double>(earlier ? -*time : *time).count();
  return {};
}

int reschedule(const ChangeOptions& options, Session& session) {
  if (const auto fault = selection_fault(options); !fault.empty()) return report_usage(fault);
  json::object body;
  if (const auto time = add_time(options, body); !time) return report(time.error()), kBadUsage;
  if (!options.ids.empty()) {
    return each_id(options, session, [&](const std::string& id) {
      return Request{
          .method = "PATCH", .path = path_of(id), .body = json::serialize(body), .headers = if_match(options)};
    });
  }
  auto client = Client::open(session);
  if (!client) return report(client.error());
  body["filter"] = options.filter.json();
  body["dry_run"] = options.dry_run;
  return run_job(*client, fmt::format("{}/reschedule", kEvents), body, session.output);
}

void add_change_options(CLI::App& command, ChangeOptions& options) {
  command.add_option("ID", options.ids, "the events' ids");
  add_event_filter(command, options.filter);
  command.add_flag("--dry-run", options.dry_run, "with a filter: count, change nothing")->group("Which events");
  command.add_option("--if-revision", options.revision, "only if nobody changed it since")->type_name("N");
}

}  // namespace

void add_event(CLI::App& root, Session& session) {
  auto& group = add_group(root, "event", "Schedule, find, move and cancel single events.");
  add_event_put(group, session);
  add_get(group, session);
  add_event_list(group, session);
  auto cancelled = std::make_shared<ChangeOptions>();
  auto& cancel_command = add_command(group, session, "cancel", "Cancel events by id or by filter.",
                                     [cancelled, &session] { return cancel(*cancelled, session); });
  add_change_options(cancel_command, *cancelled);
  cancel_command.add_option("--wait", cancelled->wait, "for one that is being published: how long to wait for its end")
      ->type_name("DURATION");
  add_client_options(cancel_command, session);
  auto moved = std::make_shared<ChangeOptions>();
  auto& move_command = add_command(group, session, "reschedule", "Move events to another time, by id or by filter.",
                                   [moved, &session] { return reschedule(*moved, session); });
  add_due_options(move_command, moved->due);
  move_command.add_option("--by", moved->shift, "with a filter: so much later; -1h is earlier")->type_name("DURATION");
  add_change_options(move_command, *moved);
  add_client_options(move_command, session);
}

}  // namespace schedules::cli
