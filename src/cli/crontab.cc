#include "cli/crontab.h"

#include <algorithm>
#include <cctype>
#include <set>

#include "base/text.h"
#include "recurrence/recurrence.h"
#include "time/zone.h"

namespace schedules::cli {
namespace {

constexpr size_t kMaxNameChars = 60;

std::string_view trim(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

// Takes one word and the blanks after it.
std::string_view take_word(std::string_view& text) {
  const auto end = std::min(text.find_first_of(" \t"), text.size());
  const auto word = text.substr(0, end);
  text = trim(text.substr(end));
  return word;
}

std::string_view unquoted(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return quoted ? text.substr(1, text.size() - 2) : text;
}

// NAME=value, where NAME may be quoted; a schedule never has '=' in its first word.
bool is_assignment(std::string_view line) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return false;
  const auto name = unquoted(trim(line.substr(0, equals)));
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; }) &&
         std::isdigit(static_cast<unsigned char>(name.front())) == 0;
}

// "/usr/local/bin/backup.sh --full" → "backup.sh-full"
std::string name_of(std::string_view command) {
  const auto word_end = std::min(command.find_first_of(" \t"), command.size());
  const auto slash = command.substr(0, word_end).rfind('/');
  std::string name;
  for (const char c : command.substr(slash == std::string_view::npos ? 0 : slash + 1)) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
    if (name.size() >= kMaxNameChars) break;
  }
  while (!name.empty() && (name.back() == '-' || name.back() == '.')) name.pop_back();
  return name.empty() ? "job" : name;
}

// The first bare '%' ends the command; what follows is its input, where each further one is a line end.
void split_input(std::string_view text, CronJob& job) {
  bool input = false;
  for (size_t i = 0; i < text.size(); ++i) {
    auto& out = input ? job.input : job.command;
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '%') {
      out += '%';
      ++i;
    } else if (text[i] == '%') {
      if (input) job.input += '\n';
      input = true;
    } else {
      out += text[i];
    }
  }
}

class CrontabReader {
 public:
  explicit CrontabReader(const CrontabOptions& options) : options_(options), timezone_(options.timezone) {}

  Crontab read(std::string_view text) {
    for (size_t number = 1; !text.empty(); ++number) {
      const auto end = std::min(text.find('\n'), text.size());
      const auto line = trim(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
      if (line.empty() || line.front() == '#') continue;
      if (is_assignment(line)) {
        assignment(number, line);
      } else {
        job(number, line);
      }
    }
    return std::move(out_);
  }

 private:
  void fault(size_t number, std::string_view line, std::string why) {
    out_.faults.push_back({number, std::string(line), std::move(why)});
  }

  void assignment(size_t number, std::string_view line) {
    const auto equals = line.find('=');
    const std::string name(unquoted(trim(line.substr(0, equals))));
    const std::string value(unquoted(trim(line.substr(equals + 1))));
    if (name == "CRON_TZ") {
      const auto zone = find_zone(value);
      if (!zone) return fault(number, line, zone.error().detail);
      timezone_ = value;
      return;
    }
    if (name == "MAILTO" || name == "MAILFROM" || name == "RANDOM_DELAY" || name == "CONTENT_TYPE") {
      out_.notes.push_back(fmt::format("line {}: {} is left out: nothing here does what it asks for", number, name));
      return;
    }
    std::erase_if(environment_, [&](const auto& pair) { return pair.first == name; });
    environment_.emplace_back(name, value);
  }

  void job(size_t number, std::string_view line) {
    CronJob job{.line = number, .timezone = timezone_, .environment = environment_};
    auto rest = line;
    if (rest.front() == '-' && rest.size() > 1) {  // SUSE and cronie: do not log
      rest.remove_prefix(1);
    }
    if (rest.front() == '@') {
      job.expression = take_word(rest);
    } else {
      for (int i = 0; i < 5; ++i) {
        job.expression += (i == 0 ? "" : " ") + std::string(take_word(rest));
      }
    }
    if (to_lower(job.expression) == "@reboot") {
      return fault(number, line, "@reboot means the start of a machine, not a time");
    }
    if (job.expression.contains('~')) return fault(number, line, "random times (~) are not known here; use H");
    if (options_.user_column) job.user = take_word(rest);
    if (rest.empty()) return fault(number, line, "there is no command");
    RecurrenceSpec spec{.cron = {job.expression}, .timezone = job.timezone};
    if (const auto rule = Recurrence::make(std::move(spec)); !rule) return fault(number, line, rule.error().detail);
    split_input(rest, job);
    job.command = std::string(trim(job.command));
    job.name = unique(name_of(job.command));
    out_.jobs.push_back(std::move(job));
  }

  std::string unique(const std::string& name) {
    auto candidate = name;
    for (int i = 2; !names_.insert(candidate).second; ++i) candidate = fmt::format("{}-{}", name, i);
    return candidate;
  }

  const CrontabOptions& options_;
  std::string timezone_;
  std::vector<std::pair<std::string, std::string>> environment_;
  std::set<std::string> names_;
  Crontab out_;
};

}  // namespace

Crontab read_crontab(std::string_view text, const CrontabOptions& options) { return CrontabReader(options).read(text); }

}  // namespace schedules::cli
