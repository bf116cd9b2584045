// Desk: implements Schedules. Checks rules, keeps revisions, wakes the planner, fires on demand. Thread-safe: runs on
// the callers' and the stores' threads.
#pragma once

#include <functional>

#include "engine/intake.h"
#include "engine/ports.h"
#include "engine/schedules.h"

namespace schedules {

class Desk final : public Schedules {
 public:
  Desk(EnginePorts& ports, const EngineOptions& options, Intake& intake, std::function<void()> planner_wake);

  void create(Schedule schedule, Done<Schedule> done) override;
  void edit(std::string id, std::optional<uint64_t> if_revision, ScheduleEdit edit, Done<Schedule> done) override;
  void get(std::string id, Done<std::optional<Schedule>> done) override;
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override;
  void count(ScheduleFilter filter, Done<uint64_t> done) override;
  void remove(std::string id, AuditNote audit, Done<bool> done) override;
  void execute(std::string id, Done<Schedule> done) override;
  void due(Done<std::vector<Schedule>> done) override;
  void to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override;

 private:
  void edit_found(Schedule found, std::optional<uint64_t> if_revision, ScheduleEdit edit, int tries,
                  Done<Schedule> done);
  void fire(const Schedule& schedule, Done<Schedule> done);
  [[nodiscard]] Status check_all(const Schedule& schedule) const;
  Schedule shown(Schedule schedule) const;

  EnginePorts& ports_;
  const EngineOptions& options_;
  Intake& intake_;
  std::function<void()> planner_wake_;
};

}  // namespace schedules
