// The event: one thing to publish at one due time; and what can be known of it later. Plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "time/clock.h"

namespace schedules {

// Bounds of one event. What is over them is refused at the door.
inline constexpr size_t kMaxBodyBytes = 1024 * 1024;
inline constexpr size_t kMaxNameChars = 249;  ///< topic, key, entity, action, actor, correlation id, tag
inline constexpr size_t kMaxHeaders = 64;
inline constexpr size_t kMaxHeaderBytes = 8192;  ///< one header's value
inline constexpr size_t kMaxTags = 32;
inline constexpr size_t kMaxUrlBytes = 2048;
inline constexpr int kMinPriority = -9;
inline constexpr int kMaxPriority = 9;
inline constexpr std::chrono::hours kMaxDelay{24 * 36'525};  ///< 100 years ahead
inline constexpr size_t kMaxErrorBytes = 2048;               ///< kept of one attempt's error

/// Where a fired event goes. `automatic` is decided when it fires: kafka where brokers are set, else stream.
enum class TargetKind : uint8_t { automatic, stream, webhook, log, kafka, handler };

struct Target {
  TargetKind kind = TargetKind::automatic;
  std::string url;  ///< webhook only

  bool operator==(const Target&) const = default;
};

using Headers = std::vector<std::pair<std::string, std::string>>;

/// One try to publish that failed.
struct Attempt {
  TimePoint at;
  std::string error;  ///< at most kMaxErrorBytes
};

struct Event {
  EventId id;
  std::string topic;
  std::string key;  ///< ordering key; empty: none
  std::string entity_type;
  std::string entity_id;
  std::string action;
  std::string body = "{}";  ///< JSON text of an object
  Headers headers;
  std::string correlation_id;  ///< as the caller gave it; empty: none
  std::string actor_type = "system";
  std::string actor_id = "scheduler";
  std::vector<std::string> tags;
  Target target;
  std::string traceparent;
  std::string source;  ///< who made it: api_request, library, schedule, kafka_delayed, …

  TimePoint due_at;                               ///< when it should be published; never before
  TimePoint fire_at;                              ///< when it is tried next: due_at until a retry moves it on
  TimePoint created_at;                           ///< when it was accepted
  int8_t priority = 0;                            ///< -9…9, higher first among what is due
  std::optional<std::chrono::seconds> max_delay;  ///< later than this it is skipped(expired)
  uint32_t max_retries = 3;
  std::chrono::milliseconds retry_delay{60'000};  ///< first retry's delay, doubled by each further one

  std::string idempotency_key;
  uint64_t fingerprint = 0;  ///< of the request, so that the same key with another body is noticed
  uint64_t revision = 1;     ///< grows with every change a user makes

  std::string schedule_id;  ///< of the schedule whose occurrence this is; empty for a plain event
  std::string schedule_name;
  uint64_t schedule_revision = 0;
  std::optional<TimePoint> nominal_at;  ///< the occurrence's time before jitter
  uint32_t missed_count = 0;            ///< occurrences that this one stands for, beside itself

  uint32_t attempt = 0;  ///< tries that have failed
  std::vector<Attempt> attempts;

  uint64_t begun_epoch = 0;  ///< while it is in flight: the epoch under which it was begun; never stored

  /// Places the event among those that wait: smaller fires first. One level of priority is worth 5 s of
  /// waiting, so a low one is never starved.
  [[nodiscard]] int64_t rank() const { return rank_of(fire_at, priority); }
  static int64_t rank_of(TimePoint fire_at, int8_t priority) {
    return to_micros(fire_at) - static_cast<int64_t>(priority) * 5'000'000;
  }
};

/// Every accepted event is in exactly one of these; the last four are final.
enum class State : uint8_t { pending, in_flight, fired, cancelled, skipped, dead };

/// How an event ended, or, with state pending, why it waits again.
struct Outcome {
  State state = State::pending;
  TimePoint at;          ///< publish start for fired, else when it was decided
  TimePoint settled_at;  ///< publish end
  std::string reason;    ///< stable word: expired, superseded, paused, retries_exhausted, …
  std::string detail;
  std::string sink;      ///< which kind took it: stream, webhook, …
  std::string position;  ///< where it can be found there: offset, sequence, HTTP status
};

enum class Tier : uint8_t { near, far };

/// An event with all that its store knows of it. A finished event keeps everything but its body and headers,
/// for as long as finished ids are remembered.
struct StoredEvent {
  Event event;
  State state = State::pending;
  Tier tier = Tier::near;
  Outcome outcome;
};

/// What makes two requests of one idempotency key the same. `due`: how the caller gave the time, since a delay means
/// another due time whenever it is sent.
uint64_t fingerprint_of(const Event& event, std::string_view due);

std::string_view to_string(TargetKind kind);
std::string_view to_string(State state);
std::string_view to_string(Tier tier);
std::optional<TargetKind> parse_target_kind(std::string_view text);
std::optional<State> parse_state(std::string_view text);
inline bool is_final(State state) { return state >= State::fired; }

}  // namespace schedules
