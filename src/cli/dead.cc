// schedules dead: events that used up their retries.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/job.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/pages.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr const char* kLetters = "/api/v1/dead-letters";

struct DeadOptions {
  std::vector<std::string> ids;
  std::string topic, reason, schedule_id, died_from, died_to, patch;
  std::optional<double> rate;
  size_t limit = 100;
  bool dry_run = false;
  bool all = false;

  [[nodiscard]] Parameters filter() const {
    return {{"topic", topic},
            {"reason", reason},
            {"schedule_id", schedule_id},
            {"died_from", died_from},
            {"died_to", died_to}};
  }
  [[nodiscard]] bool has_filter() const {
    return std::ranges::any_of(filter(), [](const auto& pair) { return !pair.second.empty(); });
  }
};

int redrive(const DeadOptions& options, Session& session) {
  if (options.ids.empty() && !options.has_filter() && !options.all) {
    return report_usage("name dead letters by id, by a filter such as --topic, or say --all");
  }
  if (!options.ids.empty() && (options.has_filter() || options.all)) {
    return report_usage("ids and filters exclude each other");
  }
  json::object body{{"dry_run", options.dry_run}};
  if (options.ids.empty()) {
    json::object filter;
    for (const auto& [name, value] : options.filter()) {
      if (!value.empty()) filter[name] = value;
    }
    body["filter"] = std::move(filter);
  } else {
    body["ids"] = json::array(options.ids.begin(), options.ids.end());
  }
  if (options.rate) body["rate"] = *options.rate;
  if (!options.patch.empty()) {
    auto patch = object_argument(options.patch, "--patch");
    if (!patch) return report(patch.error()), kBadUsage;
    body["patch"] = std::move(*patch);
  }
  auto client = Client::open(session);
  return client ? run_job(*client, fmt::format("{}/redrive", kLetters), body, session.output) : report(client.error());
}

int drop(const DeadOptions& options, Session& session) {
  auto client = Client::open(session);
  if (!client) return report(client.error());
  int code = kDone;
  for (const auto& id : options.ids) {
    const auto reply = client->send({.method = "DELETE", .path = fmt::format("{}/{}", kLetters, escaped(id))});
    if (!reply) {
      code = report(reply.error());
    } else {
      print_line(session.output == Output::json ? json::serialize(json::object{{"id", id}, {"result", "dropped"}})
                                                : "dropped " + id);
    }
  }
  return code;
}

void add_filter(CLI::App& command, DeadOptions& options) {
  const auto add = [&](const char* name, std::string& value, const char* meaning, const char* type) {
    command.add_option(name, value, meaning)->type_name(type)->group("Which dead letters");
  };
  add("--topic", options.topic, "of this topic", "T");
  add("--reason", options.reason, "for this reason: retries_exhausted, rejected, …", "REASON");
  add("--schedule-id", options.schedule_id, "made by this schedule", "ID");
  add("--died-from", options.died_from, "died at or after", "TIME");
  add("--died-to", options.died_to, "died before", "TIME");
}

}  // namespace

void add_dead(CLI::App& root, Session& session) {
  auto& group = add_group(root, "dead", "Look at dead letters, send them again, drop them.");
  auto listed = std::make_shared<DeadOptions>();
  auto& list = add_command(group, session, "list", "List dead letters, newest first.", [listed, &session] {
    static const std::vector<Column> columns{{"ID", "id"},
                                             {"DIED", "died_at"},
                                             {"REASON", "reason"},
                                             {"TOPIC", "event.topic"},
                                             {"ATTEMPTS", "event.attempt"},
                                             {"DETAIL", "detail"}};
    return list_pages(session, kLetters, listed->filter(), listed->limit, columns);
  });
  add_filter(list, *listed);
  list.add_option("--limit", listed->limit, "at most so many")->check(CLI::PositiveNumber)->capture_default_str();
  add_client_options(list, session);

  auto again = std::make_shared<DeadOptions>();
  auto& send = add_command(group, session, "redrive", "Send dead letters again, under their own ids.",
                           [again, &session] { return redrive(*again, session); });
  send.add_option("ID", again->ids, "the events' ids");
  add_filter(send, *again);
  send.add_flag("--all", again->all, "every dead letter")->group("Which dead letters");
  send.add_flag("--dry-run", again->dry_run, "count, change nothing");
  send.add_option("--rate", again->rate, "at most so many a second")->type_name("N");
  send.add_option("--patch", again->patch, "change these fields first: JSON, @file or -")->type_name("JSON");
  add_client_options(send, session);

  auto dropped = std::make_shared<DeadOptions>();
  auto& drop_command = add_command(group, session, "drop", "Delete dead letters for good.",
                                   [dropped, &session] { return drop(*dropped, session); });
  drop_command.add_option("ID", dropped->ids, "the events' ids")->required();
  add_client_options(drop_command, session);
}

}  // namespace schedules::cli
