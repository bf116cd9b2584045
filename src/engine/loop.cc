#include "engine/loop.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"
#include "base/log.h"

namespace schedules {

struct EngineLoop::State {
  State(Engine& driven, const Clock& its_clock) : engine(driven), engine_clock(its_clock) {
    CHECK(wake_fd >= 0 && timer_fd >= 0);
    engine.on_message([this] { wake(); });
    thread = std::thread([this] { run(); });
  }
  ~State() {
    ::close(wake_fd);
    ::close(timer_fd);
  }

  void wake() const {
    const uint64_t one = 1;
    static_cast<void>(!::write(wake_fd, &one, sizeof(one)));
  }

  void run() {
    name_this_thread("engine");
    while (true) {
      const TimePoint next = engine.tick();
      if (stopping) {
        if (!draining) {
          draining = true;
          engine.drain();
          continue;
        }
        if (engine.drained() || clock.steady() >= stop_by.load()) return;
      }
      sleep_until(next);
    }
  }

  // The timer runs on the wall clock and is cancelled when that is stepped, so a jump wakes us at once.
  void sleep_until(TimePoint next) {
    const TimePoint here = clock.wall();
    const TimePoint there = engine_clock.wall();  // held back, perhaps
    const TimePoint latest = there + (stopping ? Duration(10'000) : Duration(60'000'000));
    const int64_t micros = std::max<int64_t>(to_micros(here + (std::min(next, latest) - there)), 1);
    itimerspec spec{};
    spec.it_value.tv_sec = micros / 1'000'000;
    spec.it_value.tv_nsec = micros % 1'000'000 * 1'000;
    if (::timerfd_settime(timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &spec, nullptr) != 0 &&
        errno == ECANCELED) {
      engine.clock_stepped();
    }
    std::array<pollfd, 2> fds{pollfd{wake_fd, POLLIN, 0}, pollfd{timer_fd, POLLIN, 0}};
    ::poll(fds.data(), fds.size(), -1);
    uint64_t count = 0;
    if ((fds[0].revents & POLLIN) != 0) static_cast<void>(!::read(wake_fd, &count, sizeof(count)));
    if ((fds[1].revents & POLLIN) != 0 && ::read(timer_fd, &count, sizeof(count)) < 0 && errno == ECANCELED) {
      log::warn("clock.stepped");
      engine.clock_stepped();
    }
  }

  Engine& engine;
  const Clock& engine_clock;
  SystemClock clock;
  int wake_fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  int timer_fd = ::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  std::atomic<bool> stopping = false;
  std::atomic<SteadyPoint> stop_by{};
  bool draining = false;
  std::thread thread;
};

EngineLoop::EngineLoop(Engine& engine, const Clock& engine_clock)
    : state_(std::make_unique<State>(engine, engine_clock)) {}

EngineLoop::~EngineLoop() { static_cast<void>(stop(std::chrono::milliseconds(0))); }

bool EngineLoop::stop(std::chrono::milliseconds timeout) {
  if (!state_->thread.joinable()) return true;
  state_->stop_by = state_->clock.steady() + timeout;
  state_->stopping = true;
  state_->wake();
  state_->thread.join();
  return state_->engine.drained();
}

}  // namespace schedules
