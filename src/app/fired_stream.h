// The stream hub as the API sees it.
#pragma once

#include "api/deps.h"
#include "sink/stream/stream_hub.h"

namespace schedules {

class HubStream final : public api::FiredStream {
 public:
  explicit HubStream(StreamHub& hub) : hub_(hub) {}

  Result<std::unique_ptr<Reader>> open(Request request, std::function<void()> on_ready) override {
    auto filter = TopicFilter::parse(request.topics);
    if (!filter) return fail(filter.error());
    auto subscription = hub_.subscribe({.filter = std::move(*filter), .after = request.after}, std::move(on_ready));
    if (!subscription) return fail(subscription.error());
    return std::make_unique<HubReader>(std::move(*subscription));
  }

 private:
  class HubReader final : public Reader {
   public:
    explicit HubReader(std::unique_ptr<StreamSubscription> subscription) : subscription_(std::move(subscription)) {}
    Result<std::shared_ptr<const std::string>> next() override {
      auto chunk = subscription_->next();
      if (!chunk) return fail(chunk.error());
      if (!*chunk) return std::shared_ptr<const std::string>();
      return std::shared_ptr<const std::string>(*chunk, &(*chunk)->bytes);
    }

   private:
    std::unique_ptr<StreamSubscription> subscription_;
  };

  StreamHub& hub_;
};

}  // namespace schedules
