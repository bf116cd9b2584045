#include "model/schedule.h"

#include <array>

#include "model/names.h"

namespace schedules {
namespace {

constexpr std::array<std::string_view, 4> kStatus{"active", "paused", "disabled", "completed"};
constexpr std::array<std::string_view, 5> kCatchUp{"last", "first", "all", "skip", "fail"};
constexpr std::array<std::string_view, 6> kOverlap{"allow",      "skip",         "buffer_one",
                                                   "buffer_all", "cancel_other", "max_parallel"};
constexpr std::array<std::string_view, 2> kAck{"none", "required"};
constexpr std::array<std::string_view, 2> kGap{"shift_forward", "skip"};
constexpr std::array<std::string_view, 3> kDstOverlap{"first", "second", "both"};
constexpr std::array<std::string_view, 4> kRun{"success", "failure", "skipped", "running"};

}  // namespace

std::string_view to_string(ScheduleStatus value) { return kStatus.at(static_cast<size_t>(value)); }
std::string_view to_string(CatchUp value) { return kCatchUp.at(static_cast<size_t>(value)); }
std::string_view to_string(Overlap value) { return kOverlap.at(static_cast<size_t>(value)); }
std::string_view to_string(Ack value) { return kAck.at(static_cast<size_t>(value)); }
std::string_view to_string(DstGap value) { return kGap.at(static_cast<size_t>(value)); }
std::string_view to_string(DstOverlap value) { return kDstOverlap.at(static_cast<size_t>(value)); }
std::string_view to_string(RunStatus value) { return kRun.at(static_cast<size_t>(value)); }
std::optional<ScheduleStatus> parse_schedule_status(std::string_view text) {
  return enum_named<ScheduleStatus>(kStatus, text);
}
std::optional<CatchUp> parse_catch_up(std::string_view text) { return enum_named<CatchUp>(kCatchUp, text); }
std::optional<Overlap> parse_overlap(std::string_view text) { return enum_named<Overlap>(kOverlap, text); }
std::optional<Ack> parse_ack(std::string_view text) { return enum_named<Ack>(kAck, text); }
std::optional<DstGap> parse_dst_gap(std::string_view text) { return enum_named<DstGap>(kGap, text); }
std::optional<DstOverlap> parse_dst_overlap(std::string_view text) { return enum_named<DstOverlap>(kDstOverlap, text); }
std::optional<RunStatus> parse_run_status(std::string_view text) { return enum_named<RunStatus>(kRun, text); }

}  // namespace schedules
