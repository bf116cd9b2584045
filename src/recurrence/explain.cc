#include "recurrence/explain.h"

#include "recurrence/cron_text.h"
#include "time/zone.h"

namespace schedules {
namespace {

LocalSeconds wall(int64_t local_s) { return LocalSeconds{std::chrono::seconds{local_s}}; }

std::string date_of(int64_t local_s) { return format_local(wall(local_s)).substr(0, 10); }

// "02:30", or "02:30:15" where seconds matter.
std::string time_of(int64_t local_s) {
  const auto text = format_local(wall(local_s)).substr(11);
  return text.ends_with(":00") ? text.substr(0, 5) : text;
}

// "clocks go forward from 01:00 to 02:00", with dates where a whole day is left out.
std::string change_text(const ZonePeriod& before, const ZonePeriod& after) {
  const int64_t from_s = after.begin_s + before.offset_s;
  const int64_t to_s = after.local_begin_s;
  const bool same_day = date_of(from_s) == date_of(to_s);
  const auto show = [&](int64_t local_s) {
    return same_day ? time_of(local_s) : fmt::format("{} {}", date_of(local_s), time_of(local_s));
  };
  return fmt::format("clocks go {} from {} to {}", to_s > from_s ? "forward" : "back", show(from_s), show(to_s));
}

std::string gap_text(const Zone& zone, int64_t wall_s, int64_t change_s) {
  const size_t index = zone.index_at(change_s);
  const auto& period = zone.periods()[index];
  return fmt::format("{} does not exist on {} in {} ({})", time_of(wall_s), date_of(wall_s), zone.name(),
                     change_text(zone.periods()[index - 1], period));
}

// The change that makes a wall time come twice, seen from one of its two passes.
std::string overlap_text(const Zone& zone, const Occurrence& occurrence) {
  const int64_t at_s = std::chrono::floor<std::chrono::seconds>(occurrence.nominal.time_since_epoch()).count();
  const int64_t wall_s = occurrence.wall.time_since_epoch().count();
  size_t index = zone.index_at(at_s);
  if (occurrence.adjustment == Adjustment::first_of_two) ++index;
  return fmt::format("{} comes twice on {} in {} ({})", time_of(wall_s), date_of(wall_s), zone.name(),
                     change_text(zone.periods()[index - 1], zone.periods()[index]));
}

std::string pass_text(const ZonedCron& cron, const Occurrence& occurrence) {
  const bool is_first = occurrence.adjustment == Adjustment::first_of_two;
  if (cron.cron().elapsed()) {
    return fmt::format("the rule runs on elapsed time, so it fires in both passes; this is the {}",
                       is_first ? "first" : "second");
  }
  if (cron.policies().overlap == OverlapPolicy::both) {
    return fmt::format("the policy is both; this is the {} pass", is_first ? "first" : "second");
  }
  return fmt::format("fires in the {} pass only", is_first ? "first" : "second");
}

void append_sentence(std::string& out, std::string sentence) {
  if (sentence.empty()) return;
  if (!out.empty()) out += ". ";
  out += sentence;
}

const ZonedCron* cron_of(const Recurrence& recurrence, const Occurrence& occurrence) {
  return occurrence.rule < recurrence.crons().size() ? &recurrence.crons()[occurrence.rule] : nullptr;
}

std::string lost_text(const Recurrence& recurrence, TimePoint after, TimePoint until) {
  const auto floor_s = [](TimePoint time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
  };
  for (const auto& cron : recurrence.crons()) {
    if (const auto lost = cron.lost_in_gap(floor_s(after), floor_s(until))) {
      return gap_text(cron.zone(), lost->wall_s, lost->at_s) + " and was skipped, as the policy for gaps says";
    }
  }
  return {};
}

}  // namespace

std::string explain(const Recurrence& recurrence, const Occurrence& occurrence) {
  std::string out;
  const auto* cron = cron_of(recurrence, occurrence);
  if (cron != nullptr && occurrence.adjustment == Adjustment::moved_out_of_gap) {
    const int64_t at_s = std::chrono::floor<std::chrono::seconds>(occurrence.nominal.time_since_epoch()).count();
    const int64_t moved_s = at_s + cron->zone().periods()[cron->zone().index_at(at_s)].offset_s;
    const int64_t wall_s = occurrence.wall.time_since_epoch().count();
    out = fmt::format("{}; moved to {}, the first instant after the gap", gap_text(cron->zone(), wall_s, at_s),
                      date_of(moved_s) == date_of(wall_s) ? time_of(moved_s) : format_local(wall(moved_s)));
  } else if (cron != nullptr && occurrence.adjustment != Adjustment::none) {
    out = fmt::format("{}; {}", overlap_text(cron->zone(), occurrence), pass_text(*cron, occurrence));
  }
  if (occurrence.due != occurrence.nominal) {
    const auto delay = std::chrono::duration<double>(occurrence.due - occurrence.nominal).count();
    append_sentence(
        out, fmt::format("due {:.3f} s after its nominal time: the schedule's place within a jitter of {:g} s", delay,
                         std::chrono::duration<double>(recurrence.spec().jitter).count()));
  }
  return out;
}

std::vector<std::string> notes(const Recurrence& recurrence) {
  const auto& spec = recurrence.spec();
  std::vector<std::string> out;
  for (const auto& text : spec.cron) {
    for (auto& note : cron_notes(text, {.seconds = spec.seconds, .hash_seed = spec.schedule_id})) {
      out.push_back(spec.cron.size() == 1 ? std::move(note) : fmt::format("{}: {}", text, note));
    }
  }
  if (recurrence.zone().periods().size() == 1) return out;
  for (size_t i = 0; i < recurrence.crons().size(); ++i) {
    if (!recurrence.crons()[i].cron().elapsed()) continue;
    out.push_back(
        fmt::format("\"{}\" has * or a step in minute or hour: it runs on elapsed time, and the policies "
                    "for clock changes do not apply",
                    recurrence.rule_text(static_cast<uint16_t>(i))));
  }
  if (!recurrence.intervals().empty()) out.emplace_back("intervals run on elapsed time, whatever the clocks do");
  return out;
}

std::vector<Preview> preview(const Recurrence& recurrence, TimePoint after, size_t n) {
  std::vector<Preview> out;
  for (const auto& occurrence : recurrence.next_n(after, n)) {
    std::string why = lost_text(recurrence, after, occurrence.nominal);
    append_sentence(why, explain(recurrence, occurrence));
    out.push_back({occurrence, std::move(why)});
    after = occurrence.nominal;
  }
  return out;
}

}  // namespace schedules
