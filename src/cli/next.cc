// schedules next: previews occurrences and says why they are when they are. Needs no server.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/next_batch.h"
#include "cli/output.h"
#include "cli/settings_options.h"
#include "recurrence/explain.h"
#include "time/text.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

struct NextOptions {
  std::shared_ptr<SettingInputs> inputs;
  std::string expression;
  std::string timezone;
  std::string after;
  size_t count = kDefaultOccurrences;
  bool batch = false;
  bool seconds_last = false;
};

std::string in_words(Duration ahead) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ahead).count();
  if (seconds < 120) return fmt::format("{} s", seconds);
  if (seconds < 2 * 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 2 * 86'400) return fmt::format("{} h", seconds / 3600);
  return fmt::format("{} days", seconds / 86'400);
}

void print_preview(const Recurrence& rule, const std::vector<Preview>& previews, TimePoint now) {
  const bool elsewhere = rule.zone().name() != "UTC";
  std::vector<std::vector<std::string>> rows{{"NEXT", "IN", "WHY"}};
  if (elsewhere) rows[0].insert(rows[0].begin() + 1, "UTC");
  for (const auto& [occurrence, why] : previews) {
    const auto ahead = occurrence.due - now;
    auto& row = rows.emplace_back();
    row.push_back(format_with_offset(occurrence.due, rule.zone()));
    if (elsewhere) row.push_back(format_with_offset(occurrence.due, utc_zone()));
    row.push_back(ahead < Duration{} ? "past" : in_words(ahead));
    row.push_back(why);
  }
  print_table(rows);
  for (const auto& note : notes(rule)) print_line("note: " + note);
}

void print_preview_json(const Recurrence& rule, const std::vector<Preview>& previews, const NextOptions& options,
                        TimePoint after) {
  json::array next;
  json::array occurrences;
  for (const auto& [occurrence, why] : previews) {
    const auto text = format_with_offset(occurrence.due, rule.zone());
    next.emplace_back(text);
    occurrences.push_back(json::object{{"at", text}, {"utc", format_time(occurrence.due)}, {"why", why}});
  }
  json::array remarks;
  for (const auto& note : notes(rule)) remarks.emplace_back(note);
  print_json(json::object{{"expr", options.expression},
                          {"tz", rule.zone().name()},
                          {"after", format_time(after)},
                          {"next", std::move(next)},
                          {"occurrences", std::move(occurrences)},
                          {"notes", std::move(remarks)}});
}

int preview_one(const NextOptions& options, const NextDefaults& defaults, Output output) {
  TimePoint after = defaults.now;
  if (!options.after.empty()) {
    const auto parsed = parse_time(options.after);
    if (!parsed) return report_usage(fmt::format("--after: {}", parsed.error().detail));
    after = *parsed;
  }
  const auto rule = make_rule(options.expression, options.timezone, defaults, after);
  if (!rule) return report(rule.error());
  const auto previews = preview(*rule, after, options.count);
  if (output == Output::json) {
    print_preview_json(*rule, previews, options, after);
  } else {
    print_preview(*rule, previews, defaults.now);
  }
  return kDone;
}

int run_next(const NextOptions& options, Output output) {
  const auto settings = read_settings(options.inputs);
  if (!settings) return report(settings.error());
  const bool last = options.seconds_last || settings->cron_seconds_field == SecondsField::last;
  const NextDefaults defaults{.now = SystemClock().wall(),
                              .timezone = settings->timezone,
                              .seconds = last ? SecondsPosition::last : SecondsPosition::first};
  if (options.batch) return next_batch(defaults);
  if (options.expression.empty()) return report_usage("an expression is needed, such as \"0 8 * * mon-fri\"");
  return preview_one(options, defaults, output);
}

}  // namespace

void add_next(CLI::App& root, Session& session) {
  auto options = std::make_shared<NextOptions>();
  auto& command = add_command(root, session, "next", "Preview when a cron expression or \"@every 90s\" fires, and why.",
                              [options, &session] { return run_next(*options, session.output); });
  command.add_option("EXPR", options->expression, "cron expression, in quotes")->option_text(" ");
  command.add_option("--tz", options->timezone, "IANA time zone [setting TIMEZONE]")->type_name("ZONE");
  command.add_option("--after", options->after, "first moment that does not count, RFC 3339 [now]")->type_name("TIME");
  command.add_option("-n", options->count, "how many")
      ->check(CLI::Range(size_t{1}, kMaxOccurrences))
      ->type_name("N")
      ->capture_default_str();
  command.add_flag("--seconds-last", options->seconds_last, "a sixth field is the second (setting CRON_SECONDS_FIELD)");
  command.add_flag("--batch", options->batch,
                   "read lines {\"expr\",\"tz\",\"after\",\"n\"}, write {\"next\":[…]} or {\"error\":{…}} for each");
  add_output_option(command, session);
  options->inputs = add_settings_options(command);
}

}  // namespace schedules::cli
