#include "cli/next_batch.h"

#include <cerrno>

#include <unistd.h>
#include <boost/json.hpp>

#include "base/text.h"
#include "cli/output.h"
#include "cli/session.h"
#include "time/text.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr size_t kMaxLine = 64UL * 1024;

struct Query {
  std::string expression;
  std::string timezone;
  TimePoint after;
  size_t count = kDefaultOccurrences;
};

Status take_text(const json::object& object, std::string_view name, std::string& out) {
  const auto* value = object.if_contains(name);
  if (value == nullptr || value->is_null()) return {};
  if (!value->is_string()) return fail_field(Code::wrong_type, std::string(name), "{} has to be a text", name);
  out = value->get_string();
  return {};
}

Result<Query> read_query(std::string_view line, const NextDefaults& defaults) {
  boost::system::error_code bad;
  const auto parsed = json::parse(line, bad);
  if (bad || !parsed.is_object()) return fail(Code::invalid_json, "the line is not a JSON object");
  const auto& object = parsed.get_object();
  Query query{.after = defaults.now};
  if (object.if_contains("expr") == nullptr) return fail_field(Code::missing_field, "expr", "expr is missing");
  if (auto status = take_text(object, "expr", query.expression); !status) return fail(status.error());
  if (auto status = take_text(object, "tz", query.timezone); !status) return fail(status.error());
  std::string after;
  if (auto status = take_text(object, "after", after); !status) return fail(status.error());
  if (!after.empty()) {
    auto time = parse_time(after);
    if (!time) {
      time.error().field = "after";
      return fail(std::move(time.error()));
    }
    query.after = *time;
  }
  if (const auto* n = object.if_contains("n"); n != nullptr && !n->is_null()) {
    const bool whole = n->is_int64() && n->get_int64() >= 1 && n->get_int64() <= int64_t{kMaxOccurrences};
    if (!whole) return fail_field(Code::out_of_range, "n", "n has to be a whole number from 1 to {}", kMaxOccurrences);
    query.count = static_cast<size_t>(n->get_int64());
  }
  return query;
}

std::string error_line(const Error& error) {
  std::string out = R"({"error":{"code":)";
  append_json_string(out, to_string(error.code));
  out += R"(,"detail":)";
  append_json_string(out, error.detail);
  out += R"(,"field":)";
  if (error.field.empty()) {
    out += "null";
  } else {
    append_json_string(out, error.field);
  }
  out += R"(,"column":)";
  out += error.column < 0 ? "null" : std::to_string(error.column);
  return out + "}}";
}

// Answers every whole line of `waiting` and takes it away.
void answer_lines(std::string& waiting, const NextDefaults& defaults) {
  size_t begin = 0;
  for (size_t end = 0; (end = waiting.find('\n', begin)) != std::string::npos; begin = end + 1) {
    const auto line = std::string_view(waiting).substr(begin, end - begin);
    if (line.find_first_not_of(" \t\r") != std::string_view::npos) print_line(next_line(line, defaults));
  }
  waiting.erase(0, begin);
}

}  // namespace

Result<Recurrence> make_rule(std::string_view expression, std::string_view timezone, const NextDefaults& defaults,
                             TimePoint after) {
  RecurrenceSpec spec;
  spec.cron.emplace_back(expression);
  spec.timezone = timezone.empty() ? defaults.timezone : std::string(timezone);
  spec.seconds = defaults.seconds;
  // "@every" counts from the moment that is asked about, as a schedule made then would.
  spec.anchor = after;
  return Recurrence::make(std::move(spec));
}

std::string next_line(std::string_view line, const NextDefaults& defaults) {
  if (line.size() > kMaxLine) return error_line({.code = Code::too_long, .detail = "the line is too long"});
  const auto query = read_query(line, defaults);
  if (!query) return error_line(query.error());
  const auto rule = make_rule(query->expression, query->timezone, defaults, query->after);
  if (!rule) return error_line(rule.error());
  std::string out = R"({"next":[)";
  for (const auto& occurrence : rule->next_n(query->after, query->count)) {
    if (out.back() != '[') out += ',';
    out += '"' + format_with_offset(occurrence.due, rule->zone()) + '"';
  }
  return out + "]}";
}

int next_batch(const NextDefaults& defaults) {
  std::string waiting;
  std::string chunk(64UL * 1024, '\0');
  while (true) {
    const auto got = read(STDIN_FILENO, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return report({.code = Code::io_error, .detail = "cannot read stdin"});
    if (got == 0) break;
    waiting.append(chunk, 0, static_cast<size_t>(got));
    answer_lines(waiting, defaults);
    flush_output();
    if (waiting.size() > kMaxLine * 16) return report({.code = Code::too_long, .detail = "a line is too long"});
  }
  waiting += '\n';
  answer_lines(waiting, defaults);
  return kDone;
}

}  // namespace schedules::cli
