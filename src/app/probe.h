// What the engine tells becomes metrics.
#pragma once

#include "engine/ports.h"
#include "telemetry/metrics.h"

namespace schedules {

class MetricsProbe final : public EngineProbe {
 public:
  explicit MetricsProbe(Metrics& metrics) : metrics_(metrics) {}
  void accepted(size_t events, Duration took) override {
    if (events == 0) return;
    accepted_.add(static_cast<double>(events));
    metrics_.accept_duration.observe(seconds(took));
  }
  void refused(Code code, size_t events) override {
    metrics_.events_refused.at({to_string(code)}).add(static_cast<double>(events));
  }
  void published(std::string_view sink, Verdict verdict, Duration lateness, Duration took) override {
    if (verdict == Verdict::delivered) {
      metrics_.events_fired.at({sink}).add();
    } else {
      metrics_.publishes_failed.at({sink}).add();
      if (verdict == Verdict::retry) metrics_.events_retried.at({sink}).add();
    }
    metrics_.lateness.observe(seconds(lateness));
    metrics_.publish_duration.at({sink}).observe(seconds(took));
  }
  void ended(State state, std::string_view reason) override {
    if (state == State::skipped) metrics_.events_skipped.at({"", reason}).add();
    if (state == State::cancelled) metrics_.events_cancelled.at({""}).add();
    if (state == State::dead) metrics_.events_dead.at({"", reason}).add();
  }
  void queues(size_t wheel, size_t ready, size_t in_flight) override {
    window_.set(static_cast<double>(wheel));
    ready_.set(static_cast<double>(ready));
    in_flight_.set(static_cast<double>(in_flight));
  }
  void breaker(std::string_view lane, bool open) override { metrics_.breaker_state.at({lane}).set(open ? 2 : 0); }
  void transferred(size_t events, Duration took) override {
    metrics_.events_transferred.add(static_cast<double>(events));
    metrics_.transfer_duration.observe(seconds(took));
  }
  void clock_stepped() override { metrics_.clock_jumps.add(); }
  void planned(size_t occurrences) override {
    metrics_.occurrences_planned.at({"planned"}).add(static_cast<double>(occurrences));
  }

 private:
  static double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

  Metrics& metrics_;
  Counter& accepted_ = metrics_.events_accepted.at({"api"});
  Gauge& window_ = metrics_.queue_depth.at({"window"});
  Gauge& ready_ = metrics_.queue_depth.at({"ready"});
  Gauge& in_flight_ = metrics_.queue_depth.at({"in_flight"});
};

}  // namespace schedules
