// The webhook sink: POSTs a fired event to its target's URL and reads the answer (semantics S11, S16). Every webhook
// of the program, first try, retry or test button, goes through here.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "sink/sink.h"
#include "sink/webhook/egress.h"
#include "sink/webhook/lookup.h"
#include "time/clock.h"

namespace schedules {

struct WebhookOptions {
  EgressPolicy egress;                               ///< beside public addresses
  std::string secret;                                ///< signs what is sent; empty: unsigned
  std::chrono::milliseconds timeout{10'000};         ///< of one request: look-up, connect, answer's last byte
  std::chrono::milliseconds connect_timeout{5'000};  ///< at most; never longer than timeout
  size_t max_under_way = 16'384;                     ///< beyond this, deliveries come back at once as retries
  std::string user_agent = "stufio-schedules";
  std::string ca_file;  ///< PEM; empty: the system's
  ResolveFunction resolve = resolve_by_system;
};

class WebhookSink final : public Sink {
 public:
  /// The clock must outlive the sink.
  WebhookSink(WebhookOptions options, const Clock& clock);
  /// As stop(0).
  ~WebhookSink() override;

  [[nodiscard]] std::string_view name() const override { return "webhook"; }
  [[nodiscard]] size_t batch_limit() const override { return 1; }
  /// "https://host:port"; "invalid" for a URL that will be rejected anyway.
  [[nodiscard]] std::string lane_of(const Event& event) const override;
  /// Reports come on the sink's thread. Delivered: position "HTTP 200". Retried: 408, 409, 425, 429, 5xx (with the
  /// receiver's Retry-After), no or no whole answer. Rejected: everything else; what the egress rules forbid does
  /// not count against the target, nor does an answer of 3xx or 4xx. At most 64 KiB of an answer are read; one that
  /// is longer counts by its status.
  void publish(std::vector<Delivery> deliveries, Published done) override;

  /// POSTs a JSON text that is no event, by the same rules and with the same signature; reported as publish does.
  void post(std::string url, std::string body, std::move_only_function<void(DeliveryReport)> done);

  /// Takes nothing new, waits up to `grace` for what is under way, then reports the rest as retries and waits for
  /// those reports to be taken. Blocking; thread-safe; may be repeated. Not from within a report.
  void stop(std::chrono::milliseconds grace);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules
