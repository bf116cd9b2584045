#include "sink/webhook/webhook_sink.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "base/check.h"
#include "sink/webhook/curl_loop.h"
#include "sink/webhook/transfer.h"

namespace schedules {
namespace {

constexpr size_t kMaxIdleHandles = 256;
constexpr auto kFullRetry = std::chrono::seconds(1);

}  // namespace

struct WebhookSink::Impl {
  WebhookOptions options;
  const Clock& clock;

  std::mutex mutex;
  std::condition_variable idle;
  size_t under_way = 0;   ///< guarded by mutex
  bool stopping = false;  ///< guarded by mutex

  // Owned by the loop's thread.
  std::unordered_map<void*, TransferPtr> active;
  std::vector<void*> spare;
  bool aborting = false;
  std::optional<Lookup> lookup;

  std::optional<CurlLoop> loop;

  Impl(WebhookOptions given, const Clock& given_clock);
  ~Impl();
  void accept(TransferPtr transfer);
  void begin(TransferPtr transfer);
  void send(TransferPtr transfer, const Addresses& addresses);
  void* take_handle();
  void finished(void* easy, int code);
  void settle(TransferPtr transfer, DeliveryReport report);
  void abort_all();
};

WebhookSink::Impl::Impl(WebhookOptions given, const Clock& given_clock)
    : options(std::move(given)), clock(given_clock) {
  lookup.emplace(options.resolve, [this](Task task) { loop->post(std::move(task)); });
  loop.emplace(CurlLoop::Options{.thread_name = "webhook",
                                 .finished = [this](void* easy, int code) { finished(easy, code); },
                                 .tick =
                                     [this] {
                                       if (lookup) lookup->expire(clock.steady());
                                     }},
               clock);
}

WebhookSink::Impl::~Impl() {
  loop->post([this] { lookup.reset(); });  // on its own thread, and before the loop that it posts to
  loop.reset();
  for (void* easy : spare) free_handle(easy);
}

void WebhookSink::Impl::accept(TransferPtr transfer) {
  std::string refusal;
  {
    const std::scoped_lock lock(mutex);
    if (stopping) {
      refusal = "the scheduler is stopping";
    } else if (under_way >= options.max_under_way) {
      refusal = fmt::format("{} webhooks are under way already", under_way);
    }
    ++under_way;
  }
  if (!refusal.empty()) {
    loop->post([this, transfer = std::move(transfer), refusal = std::move(refusal)]() mutable {
      auto report = own_fault(Verdict::retry, std::move(refusal));
      report.retry_after = kFullRetry;
      settle(std::move(transfer), std::move(report));
    });
    return;
  }
  loop->post([this, transfer = std::move(transfer)]() mutable { begin(std::move(transfer)); });
}

void WebhookSink::Impl::begin(TransferPtr transfer) {
  auto url = parse_egress_url(transfer->delivery.event.target.url);
  if (!url) {
    settle(std::move(transfer), own_fault(Verdict::rejected, url.error().detail));
    return;
  }
  if (aborting) {
    settle(std::move(transfer), own_fault(Verdict::retry, "the scheduler is stopping"));
    return;
  }
  transfer->url = std::move(*url);
  const auto now = clock.steady();
  transfer->deadline = now + options.timeout;
  if (transfer->url.address) {
    send(std::move(transfer), {*transfer->url.address});
    return;
  }
  const std::string host = transfer->url.host;
  const auto deadline = transfer->deadline;
  lookup->ask(host, now, deadline, [this, transfer = std::move(transfer)](Result<Addresses> found) mutable {
    if (found) {
      send(std::move(transfer), *found);
    } else {
      auto report = retry_report(found.error().detail);
      report.counts_against_target = found.error().code != Code::shutting_down;
      settle(std::move(transfer), std::move(report));
    }
  });
}

void WebhookSink::Impl::send(TransferPtr transfer, const Addresses& addresses) {
  if (auto allowed = options.egress.check(addresses); !allowed) {
    settle(std::move(transfer),
           own_fault(Verdict::rejected, fmt::format("{}: {}", transfer->url.host, allowed.error().detail)));
    return;
  }
  auto request = transfer->plain ? Result<WebhookRequest>(plain_request(std::move(*transfer->plain)))
                                 : webhook_request(std::move(transfer->delivery));
  if (!request) {
    settle(std::move(transfer), own_fault(Verdict::rejected, request.error().detail));
    return;
  }
  transfer->request = std::move(*request);
  void* easy = take_handle();
  prepare(easy, *transfer, addresses, options, clock);
  active.emplace(easy, std::move(transfer));
  loop->add(easy);
}

void* WebhookSink::Impl::take_handle() {
  if (spare.empty()) return new_handle(options);
  void* easy = spare.back();
  spare.pop_back();
  return easy;
}

void WebhookSink::Impl::finished(void* easy, int code) {
  auto found = active.extract(easy);
  CHECK(!found.empty());
  auto report = read_result(easy, code, *found.mapped(), options, clock.wall());
  if (spare.size() < kMaxIdleHandles) {
    spare.push_back(easy);
  } else {
    free_handle(easy);
  }
  settle(std::move(found.mapped()), std::move(report));
}

void WebhookSink::Impl::settle(TransferPtr transfer, DeliveryReport report) {
  auto batch = std::move(transfer->batch);
  batch->reports[transfer->index] = std::move(report);
  transfer.reset();
  if (--batch->missing == 0) batch->done(std::move(batch->reports));
  // Locked while notifying: stop() may destroy us once it sees zero.
  const std::scoped_lock lock(mutex);
  if (--under_way == 0) idle.notify_all();
}

void WebhookSink::Impl::abort_all() {
  aborting = true;
  lookup->cancel_all();
  while (!active.empty()) {
    auto one = active.extract(active.begin());
    loop->remove(one.key());
    free_handle(one.key());
    settle(std::move(one.mapped()), own_fault(Verdict::retry, "the scheduler stopped while it waited for an answer"));
  }
}

WebhookSink::WebhookSink(WebhookOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(std::move(options), clock)) {}

WebhookSink::~WebhookSink() { stop(std::chrono::milliseconds(0)); }

std::string WebhookSink::lane_of(const Event& event) const {
  auto url = parse_egress_url(event.target.url);
  return url ? std::move(url->origin) : "invalid";
}

void WebhookSink::publish(std::vector<Delivery> deliveries, Published done) {
  auto batch = std::make_shared<Batch>();
  batch->reports.resize(deliveries.size());
  batch->missing = deliveries.size();
  batch->done = std::move(done);
  if (deliveries.empty()) {
    impl_->loop->post([batch] { batch->done({}); });
    return;
  }
  for (size_t i = 0; i < deliveries.size(); ++i) {
    auto transfer = std::make_unique<Transfer>();
    transfer->delivery = std::move(deliveries[i]);
    transfer->batch = batch;
    transfer->index = i;
    impl_->accept(std::move(transfer));
  }
}

void WebhookSink::post(std::string url, std::string body, std::move_only_function<void(DeliveryReport)> done) {
  auto batch = std::make_shared<Batch>();
  batch->reports.resize(1);
  batch->missing = 1;
  batch->done = [done = std::move(done)](Reports reports) mutable { done(std::move(reports.front())); };
  auto transfer = std::make_unique<Transfer>();
  transfer->delivery.event.target = {.kind = TargetKind::webhook, .url = std::move(url)};
  transfer->plain = std::move(body);
  transfer->batch = std::move(batch);
  impl_->accept(std::move(transfer));
}

void WebhookSink::stop(std::chrono::milliseconds grace) {
  std::unique_lock lock(impl_->mutex);
  impl_->stopping = true;
  const auto nothing_left = [this] { return impl_->under_way == 0; };
  if (impl_->idle.wait_for(lock, grace, nothing_left)) return;
  impl_->loop->post([impl = impl_.get()] { impl->abort_all(); });
  impl_->idle.wait(lock, nothing_left);
}

}  // namespace schedules
