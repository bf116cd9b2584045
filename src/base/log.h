// Structured logs: one line an event on stderr, as logfmt or JSON. Thread-safe.
//   log::warn("store.slow", {{"took_ms", "120"}, {"call", "put"}});
// The message is a stable dotted name; what varies goes into the fields. Of one warning or error at most 20 lines a second are
// written; the next one says how many were held back.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace schedules::log {

enum class Level { debug, info, warn, error, off };
enum class Format { text, json };

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

void configure(Level level, Format format);
bool enabled(Level level);
void write(Level level, std::string_view message, Fields fields);

inline void debug(std::string_view message, Fields fields = {}) { write(Level::debug, message, fields); }
inline void info(std::string_view message, Fields fields = {}) { write(Level::info, message, fields); }
inline void warn(std::string_view message, Fields fields = {}) { write(Level::warn, message, fields); }
inline void error(std::string_view message, Fields fields = {}) { write(Level::error, message, fields); }

}  // namespace schedules::log
