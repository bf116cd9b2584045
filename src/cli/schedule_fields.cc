#include "cli/schedule_fields.h"

#include <charconv>

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/json_text.h"
#include "time/text.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;
using enum FieldKind;

Result<json::value> from_text(const ScheduleField& field, const std::string& given) {
  const auto flag = fmt::format("--{}", field.flag);
  switch (field.kind) {
    case duration: {
      const auto time = parse_duration(given);
      if (!time) return fail_field(Code::invalid_argument, flag, "{}", time.error().detail);
      return seconds_value(*time);
    }
    case FieldKind::time: {
      const auto point = parse_time(given);
      if (!point) return fail_field(Code::invalid_time, flag, "{}", point.error().detail);
      return json::string(format_time(*point));
    }
    case whole: {
      int64_t number = 0;
      const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), number);
      if (error != std::errc{} || end != given.data() + given.size()) {
        return fail_field(Code::invalid_argument, flag, "\"{}\" is not a whole number", given);
      }
      return number;
    }
    case number: {
      double value = 0;
      const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), value);
      if (error != std::errc{} || end != given.data() + given.size()) {
        return fail_field(Code::invalid_argument, flag, "\"{}\" is not a number", given);
      }
      return value;
    }
    case boolean:
      return given == "true" || given == "1" || given == "yes";
    case object: {
      auto parsed = object_argument(given, flag);
      if (!parsed) return fail(std::move(parsed.error()));
      return json::value(std::move(*parsed));
    }
    default:
      return json::string(given);
  }
}

}  // namespace

std::shared_ptr<FieldFlags> add_schedule_fields(CLI::App& command) {
  auto flags = std::make_shared<FieldFlags>();
  for (const auto& field : schedule_fields()) {
    auto* option = command.add_option_function<std::vector<std::string>>(
        fmt::format("--{}", field.flag),
        [flags, name = std::string(field.name)](const std::vector<std::string>& values) { (*flags)[name] = values; },
        std::string(field.meaning));
    option->allow_extra_args(false)->group("The schedule");
    option->type_name(field.kind == duration ? "DURATION" : field.kind == FieldKind::time ? "TIME" : "VALUE");
    const bool repeats = field.kind == pairs || field.kind == texts;
    option->multi_option_policy(repeats ? CLI::MultiOptionPolicy::TakeAll : CLI::MultiOptionPolicy::TakeLast);
  }
  return flags;
}

Result<json::object> schedule_body(const FieldFlags& flags) {
  json::object body;
  for (const auto& [name, values] : flags) {
    const auto& field = *find_schedule_field(name);
    if (field.kind == pairs) {
      auto headers = pairs_argument(values, fmt::format("--{}", field.flag));
      if (!headers) return fail(std::move(headers.error()));
      body[name] = std::move(*headers);
    } else if (field.kind == texts) {
      body[name] = json::array(values.begin(), values.end());
    } else {
      auto value = from_text(field, values.back());
      if (!value) return fail(std::move(value.error()));
      body[name] = std::move(*value);
    }
  }
  // A time to fire at means a schedule that fires once.
  if (body.contains("execution_time") && !body.contains("one_time")) body["one_time"] = true;
  return body;
}

}  // namespace schedules::cli
