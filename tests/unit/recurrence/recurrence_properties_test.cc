// Properties that hold for every expression, zone and instant. A failure prints the counterexample
// and a seed: RC_PARAMS="seed=…" replays it.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "recurrence/explain.h"
#include "recurrence/recurrence.h"

namespace schedules {
namespace {

template <class T>
rc::Gen<T> element(std::vector<T> from) {
  return rc::gen::elementOf(std::move(from));
}

// Numbers over the whole range from the first case on; RapidCheck would begin with small ones.
template <class T>
rc::Gen<T> range(T low, T high) {
  return rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(low, high));
}

rc::Gen<std::string> field(int low, int high) {
  return rc::gen::exec([low, high] {
    const int a = *range(low, high + 1);
    const int b = *range(low, high + 1);
    const int step = *range(1, high - low + 1);
    switch (*range(0, 6)) {
      case 0:
        return fmt::format("{}", a);
      case 1:
        return fmt::format("{}-{}", a, b);
      case 2:
        return fmt::format("*/{}", step);
      case 3:
        return fmt::format("{},{}-{}/{}", a, b, high, step);
      case 4:
        return fmt::format("H/{}", step);
      default:
        return std::string("*");
    }
  });
}

rc::Gen<std::string> expression() {
  return rc::gen::exec([] {
    const auto day = *rc::gen::oneOf(field(1, 31), element<std::string>({"*", "?", "L", "LW", "L-2", "15W", "1W"}));
    const auto weekday =
        *rc::gen::oneOf(field(0, 7), element<std::string>({"*", "?", "5L", "L0", "1#2", "MON-FRI", "sat-sun"}));
    const auto six = fmt::format("{} {} {} {} {}", *field(0, 59), *field(0, 23), day, *field(1, 12), weekday);
    return *rc::gen::arbitrary<bool>() ? six : *field(0, 59) + " " + six;
  });
}

rc::Gen<std::string> zone_name() {
  return element<std::string>({"UTC", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Pacific/Apia",
                               "Africa/Casablanca", "America/Sao_Paulo", "Asia/Kathmandu"});
}

// Most instants lie within two days of a clock change.
rc::Gen<TimePoint> instant() {
  return rc::gen::exec([] {
    const auto base = *element<int64_t>(
        {0, 1'325'239'200, 1'774'746'000, 1'792'890'000, 1'772'953'200, 4'102'444'800, 7'257'000'000});
    return TimePoint{Duration{base * 1'000'000 + *range<int64_t>(-172'800'000'000, 172'800'000'000)}};
  });
}

rc::Gen<RecurrenceSpec> spec() {
  return rc::gen::exec([] {
    RecurrenceSpec out;
    out.cron = {*expression()};
    out.timezone = *zone_name();
    out.clock.gap = *element<GapPolicy>({GapPolicy::shift_forward, GapPolicy::skip});
    out.clock.overlap = *element<OverlapPolicy>({OverlapPolicy::first, OverlapPolicy::second, OverlapPolicy::both});
    out.schedule_id = fmt::format("{}", *rc::gen::arbitrary<int>());
    out.jitter = Duration{*range<int64_t>(0, 7'200'000'000)};
    return out;
  });
}

// A spec that is valid; those that can never fire are thrown away.
Recurrence some_rule() {
  auto made = Recurrence::make(*spec());
  if (!made) RC_ASSERT(made.error().code == Code::never_fires);
  RC_PRE(made.has_value());
  return std::move(*made);
}

RC_GTEST_PROP(RecurrenceProperty, NextIsAfterItsBase, ()) {
  const auto rule = some_rule();
  const auto after = *instant();
  if (const auto next = rule.next(after)) RC_ASSERT(next->nominal > after);
}

RC_GTEST_PROP(RecurrenceProperty, NextNamesAWallTimeThatMatches, ()) {
  const auto rule = some_rule();
  const auto next = rule.next(*instant());
  RC_PRE(next.has_value());
  const int64_t wall_s = next->wall.time_since_epoch().count();
  RC_ASSERT(rule.crons()[0].cron().matches(wall_s));
  const auto shown = rule.zone().to_local(next->nominal).time;
  if (next->adjustment == Adjustment::moved_out_of_gap) {
    RC_ASSERT(rule.zone().to_utc(LocalTime{next->wall}).kind == LocalMeaning::Kind::gap);
    RC_ASSERT(shown > LocalTime{next->wall});
  } else {
    RC_ASSERT(shown == LocalTime{next->wall});
  }
}

RC_GTEST_PROP(RecurrenceProperty, NothingIsLeftOut, ()) {
  // From anywhere between the base and what was found, the same is found.
  const auto rule = some_rule();
  const auto after = *instant();
  const auto next = rule.next(after);
  RC_PRE(next.has_value());
  const auto gap = (next->nominal - std::max(after, TimePoint{})).count();
  const auto between = next->nominal - Duration{*range<int64_t>(1, std::max<int64_t>(gap, 2))};
  RC_ASSERT(rule.next(between) == next);
}

RC_GTEST_PROP(RecurrenceProperty, ALaterBaseFindsNothingEarlier, ()) {
  const auto rule = some_rule();
  const auto after = *instant();
  const auto later = after + Duration{*range<int64_t>(0, 200'000'000'000)};
  const auto next = rule.next(after);
  const auto next_of_later = rule.next(later);
  if (next_of_later) RC_ASSERT(next && next->nominal <= next_of_later->nominal);
}

RC_GTEST_PROP(RecurrenceProperty, DueStaysWithinTheJitterAndBeforeTheNext, ()) {
  const auto rule = some_rule();
  const auto two = rule.next_n(*instant(), 2);
  RC_PRE(!two.empty());
  RC_ASSERT(two[0].due >= two[0].nominal);
  RC_ASSERT(two[0].due - two[0].nominal <= rule.spec().jitter);
  if (two.size() == 2) RC_ASSERT(two[0].due < two[1].nominal);
}

RC_GTEST_PROP(RecurrenceProperty, CountAndLastAgreeWithAWalk, ()) {
  const auto rule = some_rule();
  const auto after = *instant();
  const auto until = after + Duration{*range<int64_t>(0, 20'000'000'000)};
  uint64_t walked = 0;
  std::optional<Occurrence> last;
  for (auto one = rule.next(after); one && one->nominal <= until; one = rule.next(one->nominal)) {
    ++walked;
    last = one;
  }
  RC_ASSERT(rule.count_between(after, until) == walked);
  RC_ASSERT(rule.last_at_or_before(until, after) == last);
  const auto missed = rule.missed({.after = after, .now = until, .list = 5});
  RC_ASSERT(missed.count == walked);
  RC_ASSERT(missed.newest == last);
  RC_ASSERT(missed.oldest.size() == std::min<uint64_t>(walked, 5));
}

RC_GTEST_PROP(RecurrenceProperty, IntervalsStayOnTheirGrid, ()) {
  const auto period = Duration{*range<int64_t>(1'000'000, 1'000'000'000'000)};
  const auto anchor = TimePoint{Duration{*range<int64_t>(0, 4'000'000'000'000'000)}};
  const auto rule = Recurrence::make({.every = period, .anchor = anchor});
  RC_ASSERT(rule.has_value());
  const auto after = *instant();
  const auto next = rule->next(after);
  RC_ASSERT(next.has_value());
  RC_ASSERT(next->nominal > after);
  RC_ASSERT((next->nominal - anchor) % period == Duration::zero());
  RC_ASSERT(next->nominal == anchor || next->nominal - period <= after);
}

RC_GTEST_PROP(RecurrenceProperty, ExplainingDoesNoHarm, ()) {
  const auto rule = some_rule();
  for (const auto& one : preview(rule, *instant(), 5)) {
    if (one.occurrence.adjustment != Adjustment::none) RC_ASSERT(!one.why.empty());
  }
  static_cast<void>(notes(rule));
}

RC_GTEST_PROP(CronProperty, AnyTextIsReadOrRefusedWithinIt, (const std::string& text)) {
  const auto cron = Cron::parse(text);
  if (cron) return;
  RC_ASSERT(!cron.error().field.empty());
  RC_ASSERT(cron.error().column >= 0);
  RC_ASSERT(static_cast<size_t>(cron.error().column) <= text.size());
}

RC_GTEST_PROP(CronProperty, TextOfCronLettersIsReadOrRefused, ()) {
  const auto letters = element<char>(
      {'*', '/', '-', ',', '?', 'L', 'W', '#', 'H', '(', ')', '0', '1', '5', '9', ' ', ' ', '@', 'M', 'O', 'N'});
  const auto text = *rc::gen::container<std::string>(letters);
  const auto cron = Cron::parse(text);
  if (!cron) RC_ASSERT(static_cast<size_t>(cron.error().column) <= text.size());
}

}  // namespace
}  // namespace schedules
