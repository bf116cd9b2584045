#include "sink/stream/stream_sink.h"

#include "model/envelope.h"
#include "sink/headers_json.h"

namespace schedules {
namespace {

Reports failed_reports(size_t count, const Error& error) {
  DeliveryReport report{.verdict = Verdict::retry, .error = error.detail};
  if (error.retry_after.count() > 0) report.retry_after = error.retry_after;
  return Reports(count, report);
}

Reports delivered_reports(size_t count, uint64_t first) {
  Reports reports(count);
  for (size_t i = 0; i < count; ++i) reports[i].position = std::to_string(first + i);
  return reports;
}

}  // namespace

StreamSink::StreamSink(TailStore& tail, StreamHub& hub, Executor& work, StreamTail keep)
    : tail_(tail), hub_(hub), work_(work), keep_(keep) {}

StreamSink::~StreamSink() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return under_way_ == 0; });
}

void StreamSink::report(Published& done, Reports reports) {
  done(std::move(reports));
  // Locked while notifying: the destructor goes on once it sees zero.
  const std::scoped_lock lock(mutex_);
  if (--under_way_ == 0) idle_.notify_all();
}

std::string StreamSink::lane_of(const Event& /*event*/) const { return "stream"; }

void StreamSink::publish(std::vector<Delivery> deliveries, Published done) {
  {
    const std::scoped_lock lock(mutex_);
    ++under_way_;
  }
  work_.post([this, deliveries = std::move(deliveries), done = std::move(done)]() mutable {
    append(std::move(deliveries), std::move(done));
  });
}

void StreamSink::append(std::vector<Delivery> deliveries, Published done) {
  if (deliveries.empty()) {
    report(done, {});
    return;
  }
  const size_t count = deliveries.size();
  std::vector<TailMessage> messages(count);
  for (size_t i = 0; i < count; ++i) {
    auto& [event, fired_at, correlation] = deliveries[i];
    messages[i].at = fired_at;
    messages[i].message = fired_message(event, fired_at, correlation);
    append_headers_json(messages[i].headers, fired_headers(event, fired_at));
    messages[i].topic = std::move(event.topic);
  }
  std::vector<StreamMessage> live;
  if (hub_.has_readers()) {
    live.reserve(count);
    for (const auto& one : messages) live.push_back({one.topic, one.message});
  }
  tail_.append_tail(std::move(messages),
                    [this, count, live = std::move(live), done = std::move(done)](Result<uint64_t> first) mutable {
                      if (!first) {
                        report(done, failed_reports(count, first.error()));
                        return;
                      }
                      hub_.publish(*first, count, std::move(live));
                      report(done, delivered_reports(count, *first));
                    });
}

void StreamSink::trim(TimePoint now, Done<void> done) {
  tail_.trim_tail(now - keep_.keep_for, keep_.keep_messages, std::move(done));
}

}  // namespace schedules
