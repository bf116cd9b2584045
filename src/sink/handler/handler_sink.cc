#include "sink/handler/handler_sink.h"

#include <exception>
#include <mutex>
#include <unordered_map>

#include "base/text.h"

namespace schedules {
namespace {

DeliveryReport call(const Handler& handler, const Delivery& delivery) {
  DeliveryReport report;
  try {
    if (const Status status = handler(delivery); !status) {
      const Error& error = status.error();
      report.verdict = retryable(error.code) ? Verdict::retry : Verdict::rejected;
      report.error = error.detail.empty() ? std::string(title_of(error.code)) : error.detail;
      if (error.retry_after.count() > 0) report.retry_after = error.retry_after;
    }
  } catch (const std::exception& thrown) {
    report = {.verdict = Verdict::retry, .error = fmt::format("the handler threw: {}", thrown.what())};
  } catch (...) {
    report = {.verdict = Verdict::retry, .error = "the handler threw"};
  }
  report.error = truncate_utf8(report.error, kMaxErrorBytes);
  return report;
}

}  // namespace

/// Outlives the sink while calls are queued on the executor.
struct HandlerSink::Shared {
  std::mutex mutex;
  std::unordered_map<std::string, std::shared_ptr<const Handler>> handlers;  ///< guarded by mutex
  bool closed = false;                                                       ///< guarded by mutex

  DeliveryReport deliver(const Delivery& delivery) {
    std::shared_ptr<const Handler> handler;
    {
      const std::scoped_lock lock(mutex);
      if (closed) {
        return {.verdict = Verdict::retry, .error = "the scheduler is stopping", .counts_against_target = false};
      }
      auto found = handlers.find(delivery.event.topic);
      if (found == handlers.end()) found = handlers.find("*");
      if (found == handlers.end()) {
        return {.verdict = Verdict::retry, .error = "no_handler", .counts_against_target = false};
      }
      handler = found->second;
    }
    return call(*handler, delivery);
  }
};

HandlerSink::HandlerSink(Executor& executor) : executor_(executor), shared_(std::make_shared<Shared>()) {}

HandlerSink::~HandlerSink() {
  const std::scoped_lock lock(shared_->mutex);
  shared_->closed = true;
}

void HandlerSink::set(std::string topic, Handler handler) {
  const std::scoped_lock lock(shared_->mutex);
  shared_->handlers.insert_or_assign(std::move(topic), std::make_shared<const Handler>(std::move(handler)));
}

void HandlerSink::remove(const std::string& topic) {
  const std::scoped_lock lock(shared_->mutex);
  shared_->handlers.erase(topic);
}

std::string HandlerSink::lane_of(const Event& event) const { return "handler:" + event.topic; }

void HandlerSink::publish(std::vector<Delivery> deliveries, Published done) {
  executor_.post([shared = shared_, deliveries = std::move(deliveries), done = std::move(done)]() mutable {
    Reports reports;
    reports.reserve(deliveries.size());
    for (const auto& delivery : deliveries) reports.push_back(shared->deliver(delivery));
    done(std::move(reports));
  });
}

}  // namespace schedules
