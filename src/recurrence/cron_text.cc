#include "recurrence/cron_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>

#include "base/text.h"

namespace schedules {
namespace {

using Kind = FieldKind;

constexpr std::string_view kBlank = " \t";

struct Macro {
  std::string_view name;
  std::string_view meaning;
};
constexpr std::array<Macro, 7> kMacros{{
    {"@yearly", "0 0 1 1 *"},
    {"@annually", "0 0 1 1 *"},
    {"@monthly", "0 0 1 * *"},
    {"@weekly", "0 0 * * 0"},
    {"@daily", "0 0 * * *"},
    {"@midnight", "0 0 * * *"},
    {"@hourly", "0 * * * *"},
}};
constexpr std::array<std::string_view, 8> kMacroNames{"@yearly", "@annually", "@monthly", "@weekly",
                                                      "@daily",  "@midnight", "@hourly",  "@every"};

Error expression_error(size_t column, std::string detail) {
  return {.code = Code::invalid_cron,
          .detail = std::move(detail),
          .field = "expression",
          .column = static_cast<int>(column)};
}

std::span<const Kind> kinds_of(size_t count, SecondsPosition seconds) {
  static constexpr std::array kFirst{Kind::second, Kind::minute,      Kind::hour, Kind::day_of_month,
                                     Kind::month,  Kind::day_of_week, Kind::year};
  static constexpr std::array kLast{Kind::minute,      Kind::hour,   Kind::day_of_month, Kind::month,
                                    Kind::day_of_week, Kind::second, Kind::year};
  if (count == 5) return std::span(kLast).first(5);
  return std::span(seconds == SecondsPosition::first ? kFirst : kLast).first(count);
}

std::vector<FieldText> split(std::string_view text) {
  std::vector<FieldText> words;
  size_t begin = text.find_first_not_of(kBlank);
  while (begin != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
    words.push_back({.kind = Kind::minute, .text = text.substr(begin, end - begin), .column = static_cast<int>(begin)});
    begin = text.find_first_not_of(kBlank, end);
  }
  return words;
}

// The five fields that a macro stands for.
Result<std::string_view> resolve_macro(std::string_view word, size_t column) {
  const std::string lower = to_lower(word);
  for (const auto& macro : kMacros) {
    if (macro.name == lower) return macro.meaning;
  }
  if (lower == "@reboot") {
    return fail(expression_error(column,
                                 "@reboot is not possible: a durable schedule does not know of restarts; "
                                 "create a one-time event instead"));
  }
  if (lower == "@every") {
    return fail(expression_error(column, "@every needs a duration, such as @every 90s"));
  }
  const auto near = nearest(lower, kMacroNames);
  return fail(expression_error(column, fmt::format("\"{}\" is not known{}", truncate_utf8(word, 16),
                                                   near.empty() ? std::string("; try @hourly or @daily")
                                                                : fmt::format("; did you mean {}?", near))));
}

Status refuse_bad_text(std::string_view text) {
  if (text.size() > kLongestCron) {
    return fail(expression_error(
        kLongestCron, fmt::format("the expression has {} characters; at most {} are read", text.size(), kLongestCron)));
  }
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<uint8_t>(text[i]);
    if ((byte < 0x20U && byte != '\t') || byte >= 0x7FU) {
      return fail(expression_error(i, "only plain ASCII characters belong into a cron expression"));
    }
  }
  return {};
}

// Splits and names the fields; a macro becomes its five fields.
Result<std::vector<FieldText>> field_texts(std::string_view text, SecondsPosition seconds) {
  auto words = split(text);
  if (words.empty())
    return fail(expression_error(0, "the expression is empty; five fields such as 0 9 * * 1-5 are needed"));
  if (words.front().text.starts_with('@')) {
    const auto column = static_cast<size_t>(words.front().column);
    const auto meaning = resolve_macro(words.front().text, column);
    if (!meaning) return fail(meaning.error());
    if (words.size() > 1) {
      return fail(expression_error(static_cast<size_t>(words[1].column),
                                   fmt::format("nothing may follow {}", words.front().text)));
    }
    words = split(*meaning);
    for (auto& word : words) word.column = static_cast<int>(column);
  }
  if (words.size() < 5) {
    return fail(expression_error(text.size(), fmt::format("{} of at least 5 fields: minute hour day_of_month month "
                                                          "day_of_week",
                                                          words.size())));
  }
  if (words.size() > 7) {
    return fail(expression_error(static_cast<size_t>(words[7].column),
                                 fmt::format("{} fields; at most 7 are read: with second and year", words.size())));
  }
  const auto kinds = kinds_of(words.size(), seconds);
  for (size_t i = 0; i < words.size(); ++i) words[i].kind = kinds[i];
  return words;
}

uint64_t low_bits(const FieldValues& field) { return (field.values & std::bitset<256>(~uint64_t{0})).to_ullong(); }

void merge(const FieldValues& field, Kind kind, CronFields& out) {
  switch (kind) {
    case Kind::second:
      out.seconds = low_bits(field);
      break;
    case Kind::minute:
      out.minutes = low_bits(field);
      out.elapsed = out.elapsed || field.open || field.hash_step;
      break;
    case Kind::hour:
      out.hours = static_cast<uint32_t>(low_bits(field));
      out.elapsed = out.elapsed || field.open || field.hash_step;
      break;
    case Kind::day_of_month:
      out.days.days = static_cast<uint32_t>(low_bits(field));
      out.days.days_from_end = field.days.days_from_end;
      out.days.nearest_weekday = field.days.nearest_weekday;
      out.days.last_weekday = field.days.last_weekday;
      out.days.day_of_month_open = field.open;
      break;
    case Kind::month:
      out.months = static_cast<uint32_t>(low_bits(field) >> 1U);
      break;
    case Kind::day_of_week:
      out.days.weekdays = static_cast<uint8_t>(low_bits(field) & 0x7FU);
      out.days.nth = field.days.nth;
      out.days.last = field.days.last;
      out.days.day_of_week_open = field.open;
      break;
    case Kind::year:
      for (int year = kFirstCronYear; year <= kLastCronYear; ++year) {
        out.years.set(static_cast<size_t>(year - kFirstTableYear),
                      field.values[static_cast<size_t>(year - kFirstCronYear)]);
      }
      out.any_year = field.values.count() == static_cast<size_t>(kLastCronYear - kFirstCronYear + 1);
      break;
  }
}

std::string_view text_of(const ParsedCron& cron, Kind kind) {
  const auto found = std::ranges::find(cron.texts, kind, &FieldText::kind);
  return found == cron.texts.end() ? std::string_view("*") : found->text;
}

// How day_of_month and day_of_week combine: what most surprises people who come from another
// scheduler.
void add_day_notes(ParsedCron& cron) {
  const auto date = text_of(cron, Kind::day_of_month);
  const auto weekday = text_of(cron, Kind::day_of_week);
  const auto& days = cron.fields.days;
  if (days.either()) {
    cron.notes.push_back(
        fmt::format("day_of_month \"{}\" and day_of_week \"{}\" are both set: a day that matches "
                    "either one fires, as in Vixie cron; some schedulers want both",
                    date, weekday));
    return;
  }
  const bool date_restricts = date != "*" && date != "?";
  const bool weekday_restricts = weekday != "*" && weekday != "?";
  if (!date_restricts || !weekday_restricts) return;
  cron.notes.push_back(
      fmt::format("{} \"{}\" begins with *, so a day must match it and {} \"{}\" both, as in Vixie "
                  "cron; croniter and others fire on either",
                  days.day_of_month_open ? "day_of_month" : "day_of_week", days.day_of_month_open ? date : weekday,
                  days.day_of_month_open ? "day_of_week" : "day_of_month", days.day_of_month_open ? weekday : date));
}

// A rule for day 29, 30 or 31 alone leaves months out.
void add_short_month_note(ParsedCron& cron) {
  const auto& days = cron.fields.days;
  const bool special = days.days_from_end != 0 || days.nearest_weekday != 0 || days.last_weekday;
  if (days.day_of_month_open || days.either() || special || days.days == 0) return;
  const auto lowest = static_cast<unsigned>(std::countr_zero(days.days));
  if (lowest < 29) return;
  for (unsigned month = 0; month < 12; ++month) {
    if (((cron.fields.months >> month) & 1U) != 0 && month_length(1970, month) < lowest) {
      cron.notes.push_back(fmt::format("months without a day {} are left out; L means the last day", lowest));
      return;
    }
  }
}

}  // namespace

Result<ParsedCron> parse_cron_text(std::string_view text, const CronOptions& options) {
  if (auto ok = refuse_bad_text(text); !ok) return fail(ok.error());
  auto texts = field_texts(text, options.seconds);
  if (!texts) return fail(texts.error());
  ParsedCron cron;
  cron.texts = std::move(*texts);
  cron.fields.seconds = 1;  // second 0, unless a field says otherwise
  for (const auto& field : cron.texts) {
    auto values = parse_cron_field(field, options.hash_seed);
    if (!values) return fail(values.error());
    merge(*values, field.kind, cron.fields);
    for (auto& note : values->notes) cron.notes.push_back(std::move(note));
  }
  add_day_notes(cron);
  add_short_month_note(cron);
  return cron;
}

bool is_every_macro(std::string_view text, size_t& duration_column) {
  constexpr std::string_view kEvery = "@every";
  const size_t begin = std::min(text.find_first_not_of(kBlank), text.size());
  if (to_lower(text.substr(begin, kEvery.size())) != kEvery) return false;
  const size_t end = begin + kEvery.size();
  if (end < text.size() && kBlank.find(text[end]) == std::string_view::npos) return false;
  duration_column = std::min(text.find_first_not_of(kBlank, end), text.size());
  return true;
}

std::vector<std::string> cron_notes(std::string_view text, const CronOptions& options) {
  auto cron = parse_cron_text(text, options);
  return cron ? std::move(cron->notes) : std::vector<std::string>{};
}

Result<Cron> Cron::parse(std::string_view text, const CronOptions& options) {
  const auto parsed = parse_cron_text(text, options);
  if (!parsed) return fail(parsed.error());
  const Cron cron(parsed->fields);
  if (cron.at_or_after(0) != kNever) return cron;

  CronFields without_year = parsed->fields;
  without_year.any_year = true;
  const bool year_is_why = Cron(without_year).at_or_after(0) != kNever;
  const Kind kind = year_is_why ? Kind::year : Kind::day_of_month;
  const auto field = std::ranges::find(parsed->texts, kind, &FieldText::kind);
  const auto weekday = text_of(*parsed, Kind::day_of_week);
  std::string detail =
      year_is_why ? fmt::format("no year of \"{}\" has such a day", field->text)
                  : fmt::format("no month of \"{}\" has a day \"{}\"", text_of(*parsed, Kind::month), field->text);
  if (weekday != "*" && weekday != "?") detail += fmt::format(" with day_of_week \"{}\"", weekday);
  return fail(Error{.code = Code::never_fires,
                    .detail = std::move(detail),
                    .field = std::string(traits_of(kind).name),
                    .column = field->column});
}

}  // namespace schedules
