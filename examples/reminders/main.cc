// A scheduler inside a program: reminders that survive a restart.
//
//   reminders DIR add SECONDS TEXT    stores a reminder and ends at once
//   reminders DIR run SECONDS         prints what becomes due, for that long
#include <schedules/scheduler.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <thread>

namespace {

schedules::Time in(int seconds) {
  const auto now = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  return now + std::chrono::seconds(seconds);
}

int add(schedules::Scheduler& scheduler, int seconds, const std::string& text) {
  schedules::NewEvent event;
  event.topic = "reminders";
  event.entity_type = "note";
  event.action = "remind";
  event.body = "{\"text\":\"" + text + "\"}";
  event.scheduled_at = in(seconds);
  const auto receipt = scheduler.schedule_event(event);
  if (!receipt) {
    std::cerr << receipt.problem().code << ": " << receipt.problem().detail << '\n';
    return 1;
  }
  std::cout << "stored " << (*receipt).id << '\n';
  return 0;
}

schedules::Handled remind(const schedules::FiredEvent& event) {
  const auto late = event.fired_at - event.scheduled_at;
  std::cout << "reminder " << event.id << ' ' << event.body << " late by " << late.count() << " us" << std::endl;
  return schedules::Ok();
}

schedules::Handled chime(const schedules::FiredEvent& event) {
  std::cout << "chime " << event.body << std::endl;
  return schedules::Ok();
}

// Declared where it belongs, applied when the scheduler is opened.
SCHEDULES_DEFINITION(Chime, .entity_type = "clock", .action = "chime", .cron = "* * * * * *",
                     .payload = R"({"sound":"bell"})", .topic = "chimes");

int run(schedules::Scheduler& scheduler, int seconds) {
  scheduler.on("ticks", [](const schedules::FiredEvent& event) {
    std::cout << "tick " << event.action << std::endl;
    return schedules::Ok();
  });
  schedules::NewSchedule every_second;
  every_second.name = "tick";
  every_second.cron = "* * * * * *";
  every_second.topic = "ticks";
  every_second.entity_type = "clock";
  every_second.action = "tick";
  const auto declared = scheduler.declare(every_second);
  if (!declared) {
    std::cerr << declared.problem().field << ": " << declared.problem().detail << '\n';
    return 1;
  }
  std::this_thread::sleep_for(std::chrono::seconds(seconds));
  return scheduler.stop(std::chrono::seconds(5)) ? 0 : 1;
}

}  // namespace

int main(int count, char** values) {
  if (count < 4) {
    std::cerr << "usage: reminders DIR add SECONDS TEXT | reminders DIR run SECONDS\n";
    return 2;
  }
  auto scheduler =
      schedules::Scheduler::open({.data_dir = values[1], .handlers = {{"reminders", remind}, {"chimes", chime}}});
  if (!scheduler) {
    std::cerr << scheduler.problem().code << ": " << scheduler.problem().detail << '\n';
    return 1;
  }
  const std::string command = values[2];
  return command == "add" ? add(**scheduler, std::atoi(values[3]), count > 4 ? values[4] : "")
                          : run(**scheduler, std::atoi(values[3]));
}
