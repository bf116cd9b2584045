#include "cli/progress.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "cli/output.h"

namespace schedules::cli {
namespace {

constexpr size_t kBarWidth = 30;

void write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

Progress::Progress(std::optional<uint64_t> total, const Clock& clock)
    : total_(total), clock_(clock), begin_(clock.steady()), shown_(begin_), terminal_(is_terminal()) {}

void Progress::show(uint64_t bytes, uint64_t events) {
  if (!terminal_) return;
  const auto now = clock_.steady();
  if (now - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = now;
  const double took = std::max(std::chrono::duration<double>(now - begin_).count(), 0.001);
  const auto rate = static_cast<uint64_t>(static_cast<double>(events) / took);
  auto line = fmt::format("{} events, {}/s", grouped(events), grouped(rate));
  if (total_ && *total_ > 0) {
    const double part = std::min(static_cast<double>(bytes) / static_cast<double>(*total_), 1.0);
    const auto full = static_cast<size_t>(part * kBarWidth);
    line = fmt::format("[{}{}] {:3.0f}%  {}", std::string(full, '#'), std::string(kBarWidth - full, '-'), part * 100,
                       line);
  }
  write("\r\x1b[K" + line);
}

void Progress::finish() {
  if (terminal_) clear();
}

void Progress::clear() {
  if (is_terminal()) write("\r\x1b[K");
}

}  // namespace schedules::cli
