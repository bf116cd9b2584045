#include "recurrence/cron_field.h"

#include <algorithm>
#include <optional>

#include "base/ids.h"
#include "base/text.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 12> kMonthNames{"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kDayNames{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};

// H never picks a day that some months lack.
constexpr unsigned kLastHashedDay = 28;

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct Range {
  unsigned low = 0;
  unsigned high = 0;
};

// Reads `text_` from left to right; the first fault stops it.
class FieldReader {
 public:
  FieldReader(const FieldText& field, std::string_view hash_seed)
      : field_(field),
        traits_(traits_of(field.kind)),
        text_(field.text),
        hash_seed_(hash_seed.empty() ? std::string_view("") : hash_seed) {}

  Result<FieldValues> read() {
    out_.open = peek() == '*' || peek() == '?';
    do {
      read_item();
      if (error_) return fail(std::move(*error_));
    } while (take(','));
    if (!at_end()) return fail(unexpected());
    if (field_.kind == FieldKind::day_of_week && out_.values[7]) out_.values.set(0);
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool at_end() const { return position_ == text_.size(); }
  [[nodiscard]] char peek(size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? upper(text_[position_ + ahead]) : '\0';
  }
  bool take(char c) {
    if (at_end() || peek() != c) return false;
    ++position_;
    return true;
  }
  [[nodiscard]] bool is(FieldKind kind) const { return field_.kind == kind; }
  [[nodiscard]] bool ends_item() const { return at_end() || peek() == ','; }

  [[nodiscard]] Error error_at(size_t position, std::string detail) const {
    return {.code = Code::invalid_cron,
            .detail = std::move(detail),
            .field = std::string(traits_.name),
            .column = field_.column + static_cast<int>(position)};
  }
  void refuse(size_t position, std::string detail) {
    if (!error_) error_ = error_at(position, std::move(detail));
  }
  [[nodiscard]] Error unexpected() const {
    if (at_end()) return error_at(position_, fmt::format("the {} field ends too early", traits_.name));
    return error_at(position_, fmt::format("\"{}\" is not expected here in the {} field",
                                           truncate_utf8(text_.substr(position_), 12), traits_.name));
  }

  void read_item() {
    const char c = peek();
    if (c == '*') return read_star();
    if (c == '?') return read_question_mark();
    if (c == 'H') return read_hash();
    if (c == 'L' && is(FieldKind::day_of_month)) return read_last_day();
    if (c == 'L' && is(FieldKind::day_of_week)) return read_last_weekday();
    const auto low = read_value();
    if (!low) return;
    if (is(FieldKind::day_of_month) && take('W')) {
      out_.days.nearest_weekday |= uint32_t{1} << *low;
      return;
    }
    if (is(FieldKind::day_of_week) && take('L')) {
      out_.days.last = static_cast<uint8_t>(out_.days.last | (1U << (*low % 7)));
      return;
    }
    if (is(FieldKind::day_of_week) && peek() == '#') return read_nth(*low);
    read_range(*low);
  }

  void read_star() {
    take('*');
    const unsigned step = read_step();
    if (is(FieldKind::day_of_week)) return set_range({0, 6}, step);
    set_range({traits_.low, traits_.high}, step);
  }

  void read_question_mark() {
    if (!is(FieldKind::day_of_month) && !is(FieldKind::day_of_week)) {
      return refuse(position_, fmt::format("\"?\" belongs into the day fields; write * for every {}", traits_.name));
    }
    take('?');
    if (!ends_item()) return refuse(position_, "\"?\" stands alone");
    set_range({traits_.low, is(FieldKind::day_of_week) ? 6 : traits_.high}, 1);
  }

  // a, a-b, a/s, a-b/s.
  void read_range(unsigned low) {
    Range range{low, low};
    const size_t dash = position_;
    if (take('-')) {
      const auto high = read_value();
      if (!high) return;
      range.high = *high;
      if (is(FieldKind::year) && range.high < range.low) {
        return refuse(dash, fmt::format("the years {} to {} are in the wrong order", low, *high));
      }
    } else if (peek() == '/') {
      range.high = traits_.high;
    }
    set_range(range, read_step());
  }

  // H, H/n, H(a-b), H(a-b)/n.
  void read_hash() {
    if (is(FieldKind::year)) return refuse(position_, "H is not possible in the year field");
    const size_t begin = position_;
    take('H');
    Range range{traits_.low, traits_.high};
    if (is(FieldKind::day_of_week)) range.high = 6;
    if (is(FieldKind::day_of_month)) range.high = kLastHashedDay;
    const bool has_bounds = take('(');
    if (has_bounds) {
      const auto low = read_value();
      if (!low) return;
      if (!take('-')) return refuse(position_, "H takes a range such as H(0-29)");
      const auto high = read_value();
      if (!high) return;
      if (!take(')')) return refuse(position_, "the range of H is not closed with \")\"");
      if (*high < *low) return refuse(begin, "the range of H is in the wrong order");
      range = {*low, *high};
    }
    const uint64_t hash = stable_hash(hash_seed_, static_cast<uint64_t>(field_.kind) + 1);
    const bool has_step = peek() == '/';
    const unsigned step = read_step();
    if (error_) return;
    const unsigned choices = range.high - range.low + 1;
    const auto chosen = range.low + static_cast<unsigned>(hash % (has_step ? std::min(step, choices) : choices));
    out_.hash_step = out_.hash_step || (has_step && !has_bounds && begin == 0);
    out_.notes.push_back(fmt::format(
        "\"{}\" in the {} field stands for {}, chosen by the schedule's id", text_.substr(begin, position_ - begin),
        traits_.name, has_step ? fmt::format("{}-{}/{}", chosen, range.high, step) : fmt::format("{}", chosen)));
    set_range({chosen, has_step ? range.high : chosen}, step);
  }

  // L, LW, L-n.
  void read_last_day() {
    take('L');
    if (take('W')) {
      out_.days.last_weekday = true;
    } else if (take('-')) {
      const size_t begin = position_;
      const auto back = read_number();
      if (!back) return;
      if (*back > 30) return refuse(begin, fmt::format("no month has a day {} days before its last", *back));
      out_.days.days_from_end |= uint32_t{1} << *back;
    } else {
      out_.days.days_from_end |= 1U;
    }
  }

  // L, Ln.
  void read_last_weekday() {
    take('L');
    if (ends_item()) {
      out_.notes.emplace_back("L alone in the day_of_week field is Saturday; 5L is the last Friday of the month");
      out_.values.set(6);
      return;
    }
    const auto day = read_value();
    if (day) out_.days.last = static_cast<uint8_t>(out_.days.last | (1U << (*day % 7)));
  }

  void read_nth(unsigned day) {
    take('#');
    const size_t begin = position_;
    const auto nth = read_number();
    if (!nth) return;
    if (*nth < 1 || *nth > 5) {
      return refuse(begin, fmt::format("a month has a first to a fifth {}, not a number {}", kDayNames[day % 7], *nth));
    }
    out_.days.nth[*nth] = static_cast<uint8_t>(out_.days.nth[*nth] | (1U << (day % 7)));
  }

  // "/n", or 1 if there is none.
  unsigned read_step() {
    const size_t slash = position_;
    if (!take('/')) return 1;
    const auto step = read_number();
    if (!step) return 1;
    if (*step == 0) refuse(slash + 1, "a step of 0 leads nowhere");
    if (*step > traits_.high - traits_.low) {
      std::string note = fmt::format("a step of {} is larger than the {} field", *step, traits_.name);
      if (is(FieldKind::minute)) note += fmt::format("; for every {} minutes write @every {}m", *step, *step);
      if (is(FieldKind::second)) note += fmt::format("; for every {} seconds write @every {}s", *step, *step);
      if (is(FieldKind::hour)) note += fmt::format("; for every {} hours write @every {}h", *step, *step);
      out_.notes.push_back(std::move(note));
    }
    return *step;
  }

  std::optional<unsigned> read_number() {
    const size_t begin = position_;
    unsigned number = 0;
    while (!at_end() && is_digit(text_[position_])) {
      if (position_ - begin == 5) {
        refuse(begin, "the number is too large");
        return std::nullopt;
      }
      number = number * 10 + static_cast<unsigned>(text_[position_++] - '0');
    }
    if (position_ > begin) return number;
    if (at_end() || peek() == ',') {
      refuse(position_, fmt::format("a number is missing in the {} field", traits_.name));
    } else {
      refuse(position_, unexpected().detail);
    }
    return std::nullopt;
  }

  // A number or name in the field's range.
  std::optional<unsigned> read_value() {
    const size_t begin = position_;
    if (!traits_.names.empty() && peek() >= 'A' && peek() <= 'Z') return read_name();
    const auto number = read_number();
    if (!number) return std::nullopt;
    if (*number < traits_.low || *number > traits_.high) {
      refuse(begin,
             fmt::format("{} is not a {}: it must be {} to {}", *number, traits_.name, traits_.low, traits_.high));
      return std::nullopt;
    }
    return number;
  }

  std::optional<unsigned> read_name() {
    const std::array<char, 3> letters{peek(0), peek(1), peek(2)};
    const std::string_view word(letters.data(), letters.size());
    for (size_t i = 0; i < traits_.names.size(); ++i) {
      if (traits_.names[i] != word) continue;
      position_ += 3;
      return traits_.low + static_cast<unsigned>(i);
    }
    const auto rest = text_.substr(position_);
    const auto near = nearest(rest.substr(0, rest.find_first_of(",-/#")), traits_.names);
    refuse(position_,
           fmt::format("\"{}\" is not a name in the {} field{}", truncate_utf8(rest, 12), traits_.name,
                       near.empty() ? fmt::format("; names are {} to {}", traits_.names.front(), traits_.names.back())
                                    : fmt::format("; did you mean {}?", near)));
    return std::nullopt;
  }

  // Walks from low to high, over the field's end where high is below low.
  void set_range(Range range, unsigned step) {
    if (error_) return;
    unsigned span = traits_.high - traits_.low + 1;
    if (is(FieldKind::day_of_week) && range.high < range.low) {
      span = 7;  // 7 is Sunday again: 7-2 is 0-2
      if (range.low == 7) range.low = 0;
    }
    const unsigned length = range.high < range.low ? range.high + span - range.low : range.high - range.low;
    for (unsigned i = 0; i <= length; i += step) {
      out_.values.set((range.low - traits_.low + i) % span + (is(FieldKind::year) ? 0 : traits_.low));
    }
  }

  FieldText field_;
  const FieldTraits& traits_;
  std::string_view text_;
  std::string_view hash_seed_;
  size_t position_ = 0;
  FieldValues out_;
  std::optional<Error> error_;
};

}  // namespace

const FieldTraits& traits_of(FieldKind kind) {
  static constexpr std::array<FieldTraits, kFieldKinds> kTraits{{
      {"second", 0, 59, {}},
      {"minute", 0, 59, {}},
      {"hour", 0, 23, {}},
      {"day_of_month", 1, 31, {}},
      {"month", 1, 12, kMonthNames},
      {"day_of_week", 0, 7, kDayNames},
      {"year", 1970, 2200, {}},
  }};
  return kTraits[static_cast<size_t>(kind)];
}

Result<FieldValues> parse_cron_field(const FieldText& field, std::string_view hash_seed) {
  return FieldReader(field, hash_seed).read();
}

}  // namespace schedules
