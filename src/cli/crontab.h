// Reads crontab files, in the form of Vixie cron and cronie. Pure.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace schedules::cli {

struct CronJob {
  size_t line = 0;
  std::string name;        ///< made from the command, unique in the file
  std::string expression;  ///< five fields or an @word
  std::string timezone;    ///< of CRON_TZ, else the one that was given
  std::string user;        ///< of a system crontab
  std::string command;
  std::string input;  ///< what followed the first '%'
  std::vector<std::pair<std::string, std::string>> environment;
};

struct CrontabFault {
  size_t line = 0;
  std::string text;
  std::string why;
};

struct Crontab {
  std::vector<CronJob> jobs;
  std::vector<CrontabFault> faults;  ///< lines that cannot be imported
  std::vector<std::string> notes;    ///< what is not taken over, although nothing is wrong
};

struct CrontabOptions {
  std::string timezone = "UTC";
  bool user_column = false;  ///< /etc/crontab and /etc/cron.d name a user before the command
};

Crontab read_crontab(std::string_view text, const CrontabOptions& options);

}  // namespace schedules::cli
