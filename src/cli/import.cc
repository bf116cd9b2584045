// schedules import: other schedulers' tables as a definition file on stdout.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/crontab.h"
#include "cli/json_text.h"
#include "cli/output.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

struct ImportOptions {
  std::string file;
  CrontabOptions crontab;
  std::string owner = "crontab";
  std::string event_type = "cron";
};

// A JSON string is a YAML string too.
std::string yaml_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

json::object payload_of(const CronJob& job) {
  json::object payload{{"command", job.command}};
  if (!job.user.empty()) payload["user"] = job.user;
  if (!job.input.empty()) payload["stdin"] = job.input;
  if (!job.environment.empty()) {
    json::object environment;
    for (const auto& [name, value] : job.environment) environment[name] = value;
    payload["environment"] = std::move(environment);
  }
  return payload;
}

std::string yaml_of(const Crontab& crontab, const ImportOptions& options) {
  auto out = fmt::format(
      "# Made from {} by `schedules import crontab`; apply it with `schedules definitions apply FILE`.\n"
      "# Schedules publishes an event at these times and runs nothing itself: something has to read topic\n"
      "# and action, and run payload.command.\nversion: 1\nowner: {}\n",
      printable(options.file), yaml_text(options.owner));
  for (const auto& fault : crontab.faults) {
    out += fmt::format("# line {} cannot be imported: {}\n#   {}\n", fault.line, printable(fault.why),
                       printable(fault.text));
  }
  out += crontab.jobs.empty() ? "definitions: []\n" : "definitions:\n";
  for (const auto& job : crontab.jobs) {
    out += fmt::format(
        "- name: {}\n  description: {}\n  cron_expression: {}\n  timezone: {}\n  event_type: {}\n"
        "  event_action: {}\n  payload: {}\n",
        yaml_text(options.owner + "." + job.name), yaml_text(fmt::format("{} line {}", options.file, job.line)),
        yaml_text(job.expression), yaml_text(job.timezone), yaml_text(options.event_type), yaml_text(job.name),
        json::serialize(payload_of(job)));
  }
  return out;
}

bool is_system_file(const std::string& file) { return file == "/etc/crontab" || file.starts_with("/etc/cron.d/"); }

int run_import(ImportOptions options) {
  const auto text = text_or_file(options.file == "-" ? options.file : "@" + options.file);
  if (!text) return report(text.error());
  options.crontab.user_column = options.crontab.user_column || is_system_file(options.file);
  const auto crontab = read_crontab(*text, options.crontab);
  print(yaml_of(crontab, options));
  for (const auto& note : crontab.notes) complain(note);
  for (const auto& fault : crontab.faults) {
    complain(fmt::format("line {} cannot be imported: {}: {}", fault.line, fault.why, fault.text));
  }
  complain(fmt::format("{} imported, {} not; times are those of {} where CRON_TZ says nothing (--tz)",
                       crontab.jobs.size(), crontab.faults.size(), options.crontab.timezone));
  return crontab.faults.empty() ? kDone : kFailed;
}

}  // namespace

void add_import(CLI::App& root, Session& session) {
  auto& group = add_group(root, "import", "Turn another scheduler's table into a definition file.");
  auto options = std::make_shared<ImportOptions>();
  auto& command =
      add_command(group, session, "crontab", "A crontab, as definitions on stdout; exit 1 if a line is left out.",
                  [options] { return run_import(*options); });
  command.add_option("FILE", options->file, "the crontab; - is stdin (crontab -l | …)")->required();
  command.add_option("--tz", options->crontab.timezone, "zone of the machine that it ran on")
      ->type_name("ZONE")
      ->capture_default_str();
  command.add_flag("--user-column", options->crontab.user_column,
                   "it names a user before the command, as /etc/crontab");
  command.add_option("--owner", options->owner, "whose definitions they become")
      ->type_name("NAME")
      ->capture_default_str();
  command.add_option("--event-type", options->event_type, "entity type of the events")
      ->type_name("TYPE")
      ->capture_default_str();
}

}  // namespace schedules::cli
