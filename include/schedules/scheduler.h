// Stufio Schedules in your own process: a durable scheduler on embedded storage, without a server.
//
//   auto opened = schedules::Scheduler::open({.data_dir = "./data"});
//   auto& scheduler = **opened;
//   scheduler.on("user.notifications", [](const schedules::FiredEvent& event) { return schedules::Ok(); });
//   scheduler.schedule_event({.topic = "user.notifications", .entity_type = "user", .action = "send_reminder",
//                             .body = R"({"user_id":123})", .scheduled_at = now + 1h, .correlation_id = "reminder-123"});
//
// What schedule_event has answered survives a kill or a power cut. An event is handled at least once, never before its
// time; a repeat has the same id. One process opens a directory at a time. Needs C++20.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schedules/definition.h"

namespace schedules {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

/// What went wrong: a stable code ("idempotency_conflict"), a sentence, the field it is about or "".
struct Problem {
  std::string code;
  std::string detail;
  std::string field;
};

/// A value or a Problem.
template <class T>
class [[nodiscard]] Answer {
 public:
  Answer(T value) : value_(std::move(value)) {}              // NOLINT(google-explicit-constructor)
  Answer(Problem problem) : problem_(std::move(problem)) {}  // NOLINT(google-explicit-constructor)
  explicit operator bool() const { return value_.has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return &*value_; }
  const Problem& problem() const { return problem_; }

 private:
  std::optional<T> value_;
  Problem problem_;
};

/// What a handler answers.
struct Handled {
  enum class Verdict { done, retry, reject } verdict = Verdict::done;
  std::string error;
};
inline Handled Ok() { return {}; }
/// Tried again after the event's retry delay, as long as retries are left; then it is a dead letter.
inline Handled Retry(std::string error) { return {Handled::Verdict::retry, std::move(error)}; }
/// A dead letter at once.
inline Handled Reject(std::string error) { return {Handled::Verdict::reject, std::move(error)}; }

struct FiredEvent {
  std::string id;
  std::string topic;
  std::string key;
  std::string entity_type;
  std::string entity_id;
  std::string action;
  std::string body;  ///< JSON text of an object
  std::string correlation_id;
  std::map<std::string, std::string> headers;
  Time scheduled_at;
  Time fired_at;
  uint32_t attempt = 1;
  std::string schedule_id;  ///< of a declared schedule, else empty
  std::string message;      ///< the whole fired message, as the other sinks publish it
};
/// Called on a thread of the scheduler, one call at a time. An exception counts as Retry.
using EventHandler = std::function<Handled(const FiredEvent&)>;

struct NewEvent {
  std::string topic;
  std::string entity_type;
  std::string action;
  std::string body = "{}";  ///< JSON text of an object, at most 1 MiB
  Time scheduled_at{};      ///< at most 100 years ahead; in the past: at once
  std::string correlation_id;
  std::string entity_id;
  std::string key;  ///< events of one key are handled in order of their time
  std::map<std::string, std::string> headers;
  std::string idempotency_key;  ///< the same key again is the same event
  int priority = 0;             ///< -9…9, higher first among what is due
  std::optional<std::chrono::seconds> max_delay;
  std::optional<uint32_t> max_retries;                   ///< default: Options
  std::optional<std::chrono::milliseconds> retry_delay;  ///< default: Options
  std::string webhook_url;                               ///< instead of a handler
};

struct NewSchedule {
  std::string name;  ///< its identity: declaring it again changes it
  std::string cron;  ///< this, or `every`
  std::optional<std::chrono::seconds> every;
  std::string timezone = "UTC";
  std::string topic;
  std::string entity_type;
  std::string action;
  std::string body = "{}";
};

struct EventReceipt {
  std::string id;
  bool created = true;  ///< false: the idempotency key was used before for the same event
  bool late = false;    ///< it was due in the past
};

enum class CancelResult { cancelled, already_fired, in_flight, not_found };

class Scheduler {
 public:
  struct Options {
    std::string data_dir = "./data";
    uint32_t max_retries = 3;
    std::chrono::milliseconds retry_delay{60'000};
    std::vector<std::string> webhook_allow;       ///< networks that webhooks may reach beside public ones
    std::map<std::string, std::string> settings;  ///< any setting by its name, e.g. {"FSYNC", "false"}
    /// By topic, as on() sets them, but before anything fires: what fell due while the program was down fires at once.
    std::map<std::string, EventHandler> handlers;
  };

  /// Opens or makes the directory, applies the definitions in code (definition.h) and starts firing. Problems: unavailable
  /// (another process has it open),
  /// newer_layout, disk_full, io_error, and bad settings.
  static Answer<std::unique_ptr<Scheduler>> open(Options options);
  /// Stops as stop(10 s).
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  /// Handles a topic, or with "*" all that have no handler of their own. An event without a handler is tried again after
  /// its retry delay and at last becomes a dead letter: see Options::handlers.
  void on(const std::string& topic, EventHandler handler);

  /// Durable when it returns. Blocks for one synced write (callers share it). Thread-safe.
  Answer<EventReceipt> schedule_event(const NewEvent& event);
  Answer<EventReceipt> schedule_event(std::string topic, std::string entity_type, std::string action, std::string body,
                                      Time scheduled_at, std::string correlation_id = "");
  /// One answer per event, in order; one that is refused does not harm its neighbours.
  std::vector<Answer<EventReceipt>> schedule_events(const std::vector<NewEvent>& events);
  Answer<CancelResult> cancel(const std::string& event_id);

  /// Creates the schedule, or brings the one of that name to this rule; answers its id.
  Answer<std::string> declare(const NewSchedule& schedule);
  /// Whether there was one.
  Answer<bool> remove_schedule(const std::string& name);

  /// Ends what is under way within the time, then closes. Whether all of it ended. Idempotent.
  bool stop(std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit Scheduler(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
