#include "sink/kafka/kafka_sink.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>

#include "base/executor.h"
#include "sink/kafka/message.h"
#include "sink/kafka/verdict.h"

namespace schedules {
namespace {

using kafka::OutgoingRecord;
using kafka::Produced;

/// One publish on its way through the sink.
struct Publish {
  std::vector<Delivery> deliveries;
  Reports reports;
  Published done;
  std::vector<size_t> places;  ///< of the records that are under way, in reports
};

bool is_missing(const Result<kafka::Position>& result) { return !result && result.error().code == Code::not_found; }

}  // namespace

struct KafkaSink::Impl {
  KafkaSinkOptions options;
  std::unique_ptr<kafka::Cluster> cluster;
  std::unique_ptr<kafka::Producer> batches;
  std::unique_ptr<kafka::Producer> singles;
  KafkaTopics topics;  ///< owned by the thread of `work`

  std::mutex mutex;
  std::condition_variable idle;
  size_t under_way = 0;   ///< guarded by mutex
  bool stopping = false;  ///< guarded by mutex

  std::unique_ptr<Executor> work;  ///< last: ends before what it uses

  Impl(KafkaSinkOptions given, std::unique_ptr<kafka::Cluster> asked, std::unique_ptr<kafka::Producer> for_batches,
       std::unique_ptr<kafka::Producer> for_singles, const Clock& clock)
      : options(std::move(given)),
        cluster(std::move(asked)),
        batches(std::move(for_batches)),
        singles(std::move(for_singles)),
        topics(*cluster, options.topics, options.topic_timeout, clock),
        work(thread_executor("kafka-sink")) {}

  void send(std::unique_ptr<Publish> publish);
  void sent(std::unique_ptr<Publish> publish, Produced results);
  void send_alone(std::unique_ptr<Publish> publish, std::vector<size_t> again);
  void judge(Publish& publish, size_t at, const Result<kafka::Position>& result);
  void finish(Publish& publish);
};

// On the sink's own thread: it may wait for a topic.
void KafkaSink::Impl::send(std::unique_ptr<Publish> publish) {
  std::vector<OutgoingRecord> records;
  records.reserve(publish->deliveries.size());
  for (size_t i = 0; i < publish->deliveries.size(); ++i) {
    auto& delivery = publish->deliveries[i];
    if (auto there = topics.ensure(delivery.event.topic); !there) {
      publish->reports[i] = report_of(fail(std::move(there.error())));
      continue;
    }
    records.push_back(record_of(delivery));
    publish->places.push_back(i);
  }
  if (records.empty()) return finish(*publish);
  batches->produce(std::move(records), [this, publish = std::move(publish)](Produced results) mutable {
    sent(std::move(publish), std::move(results));
  });
}

// On the producer's thread, or on the sink's own where nothing could be sent.
void KafkaSink::Impl::sent(std::unique_ptr<Publish> publish, Produced results) {
  std::vector<size_t> again;
  const auto places = std::exchange(publish->places, {});
  for (size_t i = 0; i < results.size(); ++i) {
    if (is_worth_a_try_alone(results[i])) {
      again.push_back(places[i]);
    } else {
      judge(*publish, places[i], results[i]);
    }
  }
  if (again.empty()) return finish(*publish);
  work->post([this, publish = std::move(publish), again = std::move(again)]() mutable {
    send_alone(std::move(publish), std::move(again));
  });
}

void KafkaSink::Impl::send_alone(std::unique_ptr<Publish> publish, std::vector<size_t> again) {
  std::vector<OutgoingRecord> records;
  records.reserve(again.size());
  for (const size_t at : again) records.push_back(record_of(publish->deliveries[at]));
  publish->places = std::move(again);
  singles->produce(std::move(records), [this, publish = std::move(publish)](Produced results) {
    for (size_t i = 0; i < results.size(); ++i) judge(*publish, publish->places[i], results[i]);
    finish(*publish);
  });
}

void KafkaSink::Impl::judge(Publish& publish, size_t at, const Result<kafka::Position>& result) {
  auto& report = publish.reports[at];
  report = report_of(result);
  if (!is_missing(result)) return;
  // It was there a while ago. Whether it may be made again is for the next try to find out.
  work->post([this, topic = publish.deliveries[at].event.topic] { topics.forget(topic); });
  if (options.topics.create) report.verdict = Verdict::retry;
}

void KafkaSink::Impl::finish(Publish& publish) {
  publish.done(std::move(publish.reports));
  // Locked while notifying: stop() may destroy us once it sees zero.
  const std::scoped_lock lock(mutex);
  if (--under_way == 0) idle.notify_all();
}

KafkaSink::KafkaSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaSink::~KafkaSink() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<KafkaSink>> KafkaSink::open(KafkaSinkOptions options, const Clock& clock) {
  auto cluster = kafka::Cluster::open(options.cluster);
  if (!cluster) return fail(std::move(cluster.error()));
  auto batches = kafka::Producer::open(options.cluster, options.producer);
  if (!batches) return fail(std::move(batches.error()));
  auto alone = options.producer;
  alone.one_by_one = true;
  auto singles = kafka::Producer::open(options.cluster, alone);
  if (!singles) return fail(std::move(singles.error()));
  return std::unique_ptr<KafkaSink>(new KafkaSink(std::make_unique<Impl>(
      std::move(options), std::move(*cluster), std::move(*batches), std::move(*singles), clock)));
}

void KafkaSink::publish(std::vector<Delivery> deliveries, Published done) {
  auto publish = std::make_unique<Publish>();
  publish->reports.resize(deliveries.size());
  publish->deliveries = std::move(deliveries);
  publish->done = std::move(done);
  bool refused = false;
  {
    const std::scoped_lock lock(impl_->mutex);
    refused = impl_->stopping;
    ++impl_->under_way;
  }
  impl_->work->post([impl = impl_.get(), refused, publish = std::move(publish)]() mutable {
    if (!refused) return impl->send(std::move(publish));
    const auto report = report_of(fail(Code::shutting_down, "the scheduler is stopping"));
    std::ranges::fill(publish->reports, report);
    impl->finish(*publish);
  });
}

Result<kafka::Cluster::Facts> KafkaSink::probe(std::chrono::milliseconds timeout) const {
  return impl_->cluster->probe(timeout);
}

void KafkaSink::stop(std::chrono::milliseconds grace) {
  std::unique_lock lock(impl_->mutex);
  impl_->stopping = true;
  const auto nothing_left = [this] { return impl_->under_way == 0; };
  if (impl_->idle.wait_for(lock, grace, nothing_left)) return;
  while (!nothing_left()) {
    lock.unlock();
    impl_->batches->stop(std::chrono::milliseconds(0));
    impl_->singles->stop(std::chrono::milliseconds(0));
    lock.lock();
    impl_->idle.wait_for(lock, std::chrono::milliseconds(100), nothing_left);
  }
}

}  // namespace schedules
