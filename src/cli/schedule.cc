// schedules schedule: create, get, list, update, pause, resume, run, delete, history, next.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/ids.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/pages.h"
#include "cli/schedule_fields.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr size_t kAll = 1'000'000;

// Ids go as they are; any other word is a schedule's name.
Result<std::string> id_of(Client& client, const std::string& word) {
  if (is_object_id(word)) return word;
  const auto all = fetch_all(client, kSchedules, {}, kAll);
  if (!all) return fail(all.error());
  for (const auto& item : *all) {
    if (item.is_object() && text_at(item.get_object(), "name") == word) return text_at(item.get_object(), "id");
  }
  return fail(Code::not_found, "no schedule has the id or name \"{}\"", word);
}

int print_reply(const Result<Reply>& reply, Output output, std::string_view done) {
  if (!reply) return report(reply.error());
  if (reply->body.empty()) {
    print_line(output == Output::json ? R"({"result":"done"})" : std::string(done));
    return kDone;
  }
  if (output == Output::json) return print_line(reply->body), kDone;
  const auto answer = parse_answer(reply->body);
  if (!answer) return report(answer.error());
  if (answer->is_object()) print_object(answer->get_object());
  return kDone;
}

// A command on one schedule: `make` gives the request for its id.
void add_on_one(CLI::App& group, Session& session, const char* name, const char* description,
                std::function<Request(const std::string&)> make) {
  auto word = std::make_shared<std::string>();
  auto& command = add_command(group, session, name, description, [word, &session, make = std::move(make)] {
    auto client = Client::open(session);
    if (!client) return report(client.error());
    const auto id = id_of(*client, *word);
    if (!id) return report(id.error());
    return print_reply(client->send(make(fmt::format("{}/{}", kSchedules, escaped(*id)))), session.output,
                       "done: " + *word);
  });
  command.add_option("SCHEDULE", *word, "its id or name")->required();
  add_client_options(command, session);
}

struct EditOptions {
  std::string schedule;
  std::string whole;
  std::string status;
  std::shared_ptr<FieldFlags> fields;
};

Result<json::object> schedule_body_of(const EditOptions& options) {
  json::object body;
  if (!options.whole.empty()) {
    auto whole = object_argument(options.whole, "--json");
    if (!whole) return whole;
    body = std::move(*whole);
  }
  auto fields = schedule_body(*options.fields);
  if (!fields) return fields;
  for (auto& [name, value] : *fields) body[name] = value;
  if (!options.status.empty()) body["status"] = options.status;
  return body;
}

int create(const EditOptions& options, Session& session) {
  const auto body = schedule_body_of(options);
  if (!body) return report(body.error()), kBadUsage;
  if (body->empty()) return report_usage("schedule create needs at least --name, --event-type, --event-action, --cron");
  auto client = Client::open(session);
  if (!client) return report(client.error());
  return print_reply(client->send({.method = "POST", .path = kSchedules, .body = json::serialize(*body)}),
                     session.output, "created");
}

int update(const EditOptions& options, Session& session) {
  const auto body = schedule_body_of(options);
  if (!body) return report(body.error()), kBadUsage;
  if (body->empty()) return report_usage("schedule update needs something to change");
  auto client = Client::open(session);
  if (!client) return report(client.error());
  const auto id = id_of(*client, options.schedule);
  if (!id) return report(id.error());
  return print_reply(
      client->send({.method = "PUT", .path = fmt::format("{}/{}", kSchedules, *id), .body = json::serialize(*body)}),
      session.output, "updated");
}

void add_edit_commands(CLI::App& group, Session& session) {
  auto fresh = std::make_shared<EditOptions>();
  auto& create_command =
      add_command(group, session, "create", "Make a schedule.", [fresh, &session] { return create(*fresh, session); });
  fresh->fields = add_schedule_fields(create_command);
  create_command.add_option("--json", fresh->whole, "the whole schedule: JSON, @file or -")->type_name("JSON");
  add_client_options(create_command, session);

  auto changed = std::make_shared<EditOptions>();
  auto& update_command = add_command(group, session, "update", "Change a schedule: only what is given.",
                                     [changed, &session] { return update(*changed, session); });
  update_command.add_option("SCHEDULE", changed->schedule, "its id or name")->required();
  changed->fields = add_schedule_fields(update_command);
  update_command.add_option("--status", changed->status, "active, paused, disabled or completed")
      ->check(CLI::IsMember({"active", "paused", "disabled", "completed"}))
      ->type_name("STATUS");
  update_command.add_option("--json", changed->whole, "fields to change: JSON, @file or -")->type_name("JSON");
  add_client_options(update_command, session);
}

struct ScheduleListOptions {
  std::string status, event_type, event_action, tag;
  size_t limit = 100;
};

int print_list(const Result<json::array>& rows, Output output, const std::vector<Column>& columns) {
  if (!rows) return report(rows.error());
  if (output == Output::json) {
    print_json(*rows);
  } else {
    print_rows(columns, *rows);
  }
  return kDone;
}

void add_schedule_list(CLI::App& group, Session& session) {
  auto options = std::make_shared<ScheduleListOptions>();
  auto& command = add_command(group, session, "list", "List schedules.", [options, &session] {
    auto client = Client::open(session);
    if (!client) return report(client.error());
    const Parameters parameters{{"status_filter", options->status},
                                {"event_type", options->event_type},
                                {"event_action", options->event_action},
                                {"tag", options->tag}};
    return print_list(fetch_all(*client, kSchedules, parameters, options->limit), session.output,
                      {{"ID", "id"},
                       {"NAME", "name"},
                       {"STATUS", "status"},
                       {"RULE", "cron_expression"},
                       {"ZONE", "timezone"},
                       {"NEXT", "next_execution"},
                       {"LAST", "last_execution"},
                       {"RESULT", "last_status"},
                       {"FIRED", "execution_count"},
                       {"ERRORS", "error_count"}});
  });
  command.add_option("--status", options->status, "active, paused, disabled or completed")
      ->check(CLI::IsMember({"active", "paused", "disabled", "completed"}))
      ->type_name("STATUS");
  command.add_option("--event-type", options->event_type, "of this type")->type_name("TYPE");
  command.add_option("--event-action", options->event_action, "with this action")->type_name("ACTION");
  command.add_option("--tag", options->tag, "with this tag")->type_name("TAG");
  command.add_option("--limit", options->limit, "at most so many")->check(CLI::PositiveNumber)->capture_default_str();
  add_client_options(command, session);
}

struct OneOptions {
  std::string schedule;
  size_t count = 0;
};

void add_history(CLI::App& group, Session& session) {
  auto options = std::make_shared<OneOptions>();
  options->count = 50;
  auto& command =
      add_command(group, session, "history", "Show what a schedule did, newest first.", [options, &session] {
        auto client = Client::open(session);
        if (!client) return report(client.error());
        const auto id = id_of(*client, options->schedule);
        if (!id) return report(id.error());
        const auto reply =
            client->send({.path = fmt::format("{}/{}/executions?limit={}", kSchedules, *id, options->count)});
        if (!reply) return report(reply.error());
        const auto answer = parse_answer(reply->body);
        if (!answer) return report(answer.error());
        return print_list(answer->is_array() ? answer->get_array() : json::array(), session.output,
                          {{"TIME", "execution_time"},
                           {"STATUS", "status"},
                           {"MS", "duration_ms"},
                           {"RETRIES", "retry_count"},
                           {"EVENT", "event_id"},
                           {"NODE", "node_id"},
                           {"ERROR", "error"}});
      });
  command.add_option("SCHEDULE", options->schedule, "its id or name")->required();
  command.add_option("--limit", options->count, "at most so many")->check(CLI::Range(1, 500))->capture_default_str();
  add_client_options(command, session);
}

// The rule of a stored schedule as the preview takes it; nothing for one that fires once.
std::optional<Parameters> preview_of(const json::object& schedule, size_t count) {
  auto expression = text_at(schedule, "cron_expression");
  const auto* every = schedule.if_contains("every_seconds");
  if (expression.empty() && every != nullptr && every->is_number()) {
    expression = fmt::format("@every {}s", every->to_number<double>());
  }
  if (expression.empty()) return std::nullopt;
  return Parameters{{"expr", expression},
                    {"tz", text_at(schedule, "timezone")},
                    {"n", std::to_string(count)},
                    {"schedule_id", text_at(schedule, "id")},
                    {"dst_gap", text_at(schedule, "dst_gap")},
                    {"dst_overlap", text_at(schedule, "dst_overlap")},
                    {"jitter_seconds", std::to_string(number_at(schedule, "jitter_seconds"))}};
}

void warn_if_inactive(const json::object& schedule) {
  const auto status = text_at(schedule, "status");
  if (status != "active") complain("it is " + status + ": none of these fires");
}

int print_once(const json::object& schedule, Output output) {
  const auto time = text_at(schedule, "execution_time");
  if (output == Output::json) {
    print_json(json::object{{"occurrences", json::array{json::object{{"at", time}, {"why", "fires once"}}}}});
  } else {
    warn_if_inactive(schedule);
    print_line(time + "  fires once");
  }
  return kDone;
}

int print_next(const json::object& schedule, const Reply& reply, Output output) {
  if (output == Output::json) return print_line(reply.body), kDone;
  const auto answer = parse_answer(reply.body);
  if (!answer || !answer->is_object()) return print_line(reply.body), kDone;
  warn_if_inactive(schedule);
  const auto* rows = answer->get_object().if_contains("occurrences");
  if (rows != nullptr && rows->is_array()) {
    const std::vector<Column> columns{{"NEXT", "local"}, {"UTC", "at"}, {"WHY", "why"}};
    print_rows(columns, rows->get_array());
  } else {
    print_object(answer->get_object());
  }
  return kDone;
}

void add_next_of(CLI::App& group, Session& session) {
  auto options = std::make_shared<OneOptions>();
  options->count = 5;
  auto& command = add_command(group, session, "next", "Preview when a schedule fires, and why.", [options, &session] {
    auto client = Client::open(session);
    if (!client) return report(client.error());
    const auto id = id_of(*client, options->schedule);
    if (!id) return report(id.error());
    const auto stored = client->send({.path = fmt::format("{}/{}", kSchedules, *id)});
    if (!stored) return report(stored.error());
    const auto schedule = parse_answer(stored->body);
    if (!schedule || !schedule->is_object()) return report({.code = Code::invalid_json, .detail = "no schedule"});
    const auto& rule = schedule->get_object();
    const auto parameters = preview_of(rule, options->count);
    if (!parameters) return print_once(rule, session.output);
    const auto reply = client->send({.path = "/api/v1/schedules/preview" + query_text(*parameters)});
    return reply ? print_next(rule, *reply, session.output) : report(reply.error());
  });
  command.add_option("SCHEDULE", options->schedule, "its id or name")->required();
  command.add_option("-n", options->count, "how many")->check(CLI::Range(1, 1000))->capture_default_str();
  add_client_options(command, session);
}

}  // namespace

void add_schedule(CLI::App& root, Session& session) {
  auto& group = add_group(root, "schedule", "Make, change, run and watch schedules.");
  const auto post = [](const char* action) {
    return [action](const std::string& path) {
      return Request{.method = "POST", .path = fmt::format("{}/{}", path, action)};
    };
  };
  add_edit_commands(group, session);
  add_on_one(group, session, "get", "Show one schedule.",
             [](const std::string& path) { return Request{.path = path}; });
  add_schedule_list(group, session);
  add_on_one(group, session, "pause", "Stop firing until it is resumed.", post("deactivate"));
  add_on_one(group, session, "resume", "Fire again, from now on.", post("activate"));
  add_on_one(group, session, "run", "Fire once now, beside its plan.", post("execute"));
  add_on_one(group, session, "delete", "Delete it; what is pending of it never fires.",
             [](const std::string& path) { return Request{.method = "DELETE", .path = path}; });
  add_history(group, session);
  add_next_of(group, session);
}

}  // namespace schedules::cli
