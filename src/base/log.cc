#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <memory>

#include "base/log_limit.h"
#include "base/text.h"

namespace schedules::log {
namespace {

spdlog::level::level_enum spd(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    case Level::error:
      return spdlog::level::err;
    case Level::off:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

struct State {
  std::shared_ptr<spdlog::logger> logger = [] {
    auto made = std::make_shared<spdlog::logger>("schedules", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::info);
    made->flush_on(spdlog::level::info);
    return made;
  }();
  Format format = Format::text;
};

State& state() {
  static State instance;
  return instance;
}

void apply_pattern(State& current) {
  current.logger->set_pattern(current.format == Format::json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%fZ","level":"%l",%v})"
                                                             : "%Y-%m-%dT%H:%M:%S.%fZ %l %v",
                              spdlog::pattern_time_type::utc);
}

// Of warnings and errors; what is below is asked for by its level.
constexpr double kMostOfOneMessage = 20;  // a second

bool plain(std::string_view text) {
  return !text.empty() && text.find_first_of(" \"=\\") == std::string_view::npos && is_printable(text);
}

}  // namespace

void configure(Level level, Format format) {
  state().format = format;
  state().logger->set_level(spd(level));
  apply_pattern(state());
}

bool enabled(Level level) { return state().logger->should_log(spd(level)); }

void write(Level level, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  static const bool ready = [] {
    apply_pattern(state());
    return true;
  }();
  static_cast<void>(ready);
  uint64_t held_back = 0;
  if (level >= Level::warn) {
    static Limit limit(kMostOfOneMessage);
    const auto passed = limit.pass(message, std::chrono::steady_clock::now());
    if (!passed) return;
    held_back = *passed;
  }
  std::string line;
  const auto add = [&line](std::string_view key, std::string_view value) {
    if (state().format == Format::json) {
      line += ',';
      append_json_string(line, key);
      line += ':';
      append_json_string(line, value);
      return;
    }
    line += ' ';
    line += key;
    line += '=';
    if (plain(value)) {
      line += value;
    } else {
      append_json_string(line, value);
    }
  };
  if (state().format == Format::json) {
    line += "\"message\":";
    append_json_string(line, message);
  } else {
    line += message;
  }
  for (const auto& [key, value] : fields) add(key, value);
  if (held_back > 0) add("held_back", std::to_string(held_back));
  state().logger->log(spd(level), spdlog::string_view_t(line.data(), line.size()));
}

}  // namespace schedules::log
