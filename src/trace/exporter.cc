#include "trace/exporter.h"

#include <algorithm>

#include "base/log.h"

namespace schedules::trace {
namespace {

constexpr int kNice = 19;  // firing goes first, and spans are dropped

bool may_succeed_later(const Receipt& receipt) {
  return receipt.status == 0 || receipt.status == 429 || (receipt.status >= 502 && receipt.status <= 504);
}

}  // namespace

Exporter::Exporter(ExporterOptions options, StepQueue& queue, Collector& collector, Random& random)
    : options_(std::move(options)),
      queue_(queue),
      collector_(collector),
      random_(random),
      thread_(thread_executor("trace-export", kNice)) {
  thread_->post([this] { run(); });
}

Exporter::~Exporter() { stop(std::chrono::milliseconds(0)); }

void Exporter::stop(std::chrono::milliseconds timeout) {
  queue_.close();
  std::unique_lock lock(mutex_);
  const auto ended = [this] { return ended_; };
  if (!done_.wait_for(lock, timeout, ended)) collector_.stop();
  done_.wait(lock, ended);
}

void Exporter::run() {
  while (!queue_.ended()) {
    auto steps = queue_.take(options_.batch, options_.interval);
    if (!steps.empty()) send(std::move(steps));
  }
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  done_.notify_all();
}

void Exporter::send(std::vector<TraceStep> steps) {
  const size_t count = steps.size();
  if (gives_up_) {
    failed_ += count;
    return;
  }
  std::vector<Span> spans;
  spans.reserve(count);
  for (auto& step : steps) spans.push_back(span_of(std::move(step)));
  const std::string body = otlp_json(options_.resource, spans);
  for (int tries = 1;; ++tries) {
    const Receipt receipt = collector_.post(body);
    if (receipt.status / 100 == 2) {
      const uint64_t rejected = std::min<uint64_t>(receipt.rejected, count);
      exported_ += count - rejected;
      failed_ += rejected;
      if (rejected > 0) log::warn("trace.spans_rejected", {{"spans", std::to_string(rejected)}});
      if (std::exchange(failing_, false)) log::info("trace.exports_again");
      return;
    }
    if (!may_succeed_later(receipt) || tries == options_.tries) return given_up(count, receipt);
    if (queue_.closed_within(wait_after(tries, receipt))) {
      gives_up_ = true;  // the program stops: what waits has had its chance
      return given_up(count, receipt);
    }
  }
}

// Exponential with full jitter; what the collector asks for is a lower bound.
std::chrono::milliseconds Exporter::wait_after(int tries, const Receipt& receipt) {
  const int64_t doubled = options_.first_wait.count() << std::min(tries - 1, 20);
  const int64_t longest = std::max<int64_t>(std::min(options_.longest_wait.count(), doubled), 1);
  const std::chrono::milliseconds wait(1 + static_cast<int64_t>(random_.below(static_cast<uint64_t>(longest))));
  return std::min(std::max(wait, receipt.retry_after.value_or(wait)), options_.longest_wait);
}

void Exporter::given_up(size_t spans, const Receipt& receipt) {
  failed_ += spans;
  if (std::exchange(failing_, true)) return;
  log::warn("trace.export_failed",
            {{"spans", std::to_string(spans)}, {"status", std::to_string(receipt.status)}, {"error", receipt.error}});
}

}  // namespace schedules::trace
