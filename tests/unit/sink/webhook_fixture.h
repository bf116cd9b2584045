// A webhook sink and a receiver in one process.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "sink/webhook/webhook_sink.h"
#include "tests/support/http_receiver.h"
#include "tests/unit/sink/delivery.h"

namespace schedules::testing {

inline WebhookOptions local_options() {
  WebhookOptions options;
  options.egress = EgressPolicy::parse("127.0.0.0/8, ::1/128").value();
  return options;
}

class WebhookTest : public ::testing::Test {
 protected:
  HttpReceiver receiver_;
  SystemClock clock_;

  static Reports publish(WebhookSink& sink, std::vector<Delivery> deliveries) {
    struct Wait {
      std::mutex mutex;
      std::condition_variable changed;
      std::optional<Reports> reports;
    } wait;
    sink.publish(std::move(deliveries), [&wait](Reports reports) {
      const std::scoped_lock lock(wait.mutex);
      wait.reports = std::move(reports);
      wait.changed.notify_one();
    });
    std::unique_lock lock(wait.mutex);
    wait.changed.wait(lock, [&] { return wait.reports.has_value(); });
    return std::move(*wait.reports);
  }
  static DeliveryReport publish_one(WebhookSink& sink, std::string url) {
    std::vector<Delivery> one;
    one.push_back(delivery_to(TargetKind::webhook, std::move(url)));
    return publish(sink, std::move(one)).at(0);
  }
  DeliveryReport answered(HttpAnswer answer) {
    receiver_.script(std::move(answer));
    WebhookSink sink(local_options(), clock_);
    return publish_one(sink, receiver_.url());
  }
};

}  // namespace schedules::testing
