// Teller: sends what the receivers of alerts are still to be told, those of one address together, and tries again with
// growing pauses where it fails. An alert is claimed in the store before it is sent, so that of two nodes one sends it;
// a process that dies between sending and noting it sends it again. Blocks: one thread at a time.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "alerting/message.h"
#include "engine/schedules.h"
#include "store/alert_store.h"
#include "time/clock.h"

namespace schedules {

class AlertSender {
 public:
  virtual ~AlertSender() = default;
  /// POSTs the JSON text. Answers once, on any thread. A retryable error is tried again, others are given up.
  virtual void send(std::string url, std::string body, Done<void> done) = 0;
};

class Teller {
 public:
  static constexpr uint32_t kMostAttempts = 20;  ///< over about eight hours
  static constexpr size_t kMostTogether = 50;    ///< alerts of one message
  static constexpr std::chrono::seconds kFirstPause{5};
  static constexpr std::chrono::seconds kLongestPause{1'800};

  struct Ports {
    AlertStore& alerts;
    Schedules& schedules;
    AlertSender& sender;
    const Clock& clock;
  };
  struct Options {
    std::string public_url;
    std::chrono::seconds claim{60};  ///< longer than a send can take
  };
  struct Told {
    uint64_t delivered = 0;            ///< messages, as the next two
    uint64_t retried = 0;              ///< failed, and will be tried again
    uint64_t failed = 0;               ///< given up
    std::optional<TimePoint> next_at;  ///< when there will be more to try
  };

  Teller(Ports ports, Options options) : ports_(ports), options_(std::move(options)) {}

  /// Sends what is due now. Errors: those of the store.
  Result<Told> tell();

  /// The pause after so many failed attempts.
  static std::chrono::seconds pause_after(uint32_t attempts);

 private:
  struct Message;

  Result<std::vector<Alert>> claim(std::vector<Alert> alerts, TimePoint now);
  Result<std::vector<Message>> messages(Told& told);
  Status send(std::vector<Message> messages, Told& told);
  void note(Alert& alert, const Status& sent, TimePoint now, std::optional<TimePoint>& next_at) const;

  Ports ports_;
  Options options_;
};

}  // namespace schedules
