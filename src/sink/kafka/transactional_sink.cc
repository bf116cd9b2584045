#include "sink/kafka/transactional_sink.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <unordered_map>

#include "base/executor.h"
#include "sink/kafka/shard_publisher.h"
#include "sink/kafka/verdict.h"

namespace schedules {
namespace {

constexpr size_t kReadersKept = 2;

/// One publish on its way. Its events go in rounds: those of one key that lie in different shards go one after the other.
struct ShardedPublish {
  std::vector<Delivery> deliveries;
  std::vector<std::map<uint32_t, std::vector<size_t>>> rounds;  ///< places by shard
  size_t round = 0;
  std::atomic<size_t> missing{0};
  Reports reports;
  Published done;
};

using PublishPtr = std::shared_ptr<ShardedPublish>;

}  // namespace

struct TransactionalSink::Impl {
  TransactionalSinkOptions options;
  ShardFacts facts;
  const Clock& clock;
  std::unique_ptr<kafka::Cluster> cluster;
  kafka::ReaderPool readers;
  KafkaTopics topics;  ///< owned by the thread of `work`

  std::mutex closing;
  std::mutex mutex;
  std::condition_variable idle;
  std::map<uint32_t, std::unique_ptr<ShardPublisher>> publishers;  ///< guarded by mutex
  size_t under_way = 0;                                            ///< guarded by mutex
  bool stopping = false;                                           ///< guarded by mutex
  std::unique_ptr<Executor> work;

  Impl(TransactionalSinkOptions given, ShardFacts given_facts, std::unique_ptr<kafka::Cluster> asked,
       const Clock& given_clock)
      : options(std::move(given)),
        facts(std::move(given_facts)),
        clock(given_clock),
        cluster(std::move(asked)),
        readers(options.kafka.cluster, clock, kReadersKept),
        topics(*cluster, options.kafka.topics, options.kafka.topic_timeout, clock),
        work(thread_executor("kafka-sink")) {}

  void plan(const PublishPtr& publish);
  void next_round(const PublishPtr& publish);
  void reported(const PublishPtr& publish, size_t at, DeliveryReport report);
  void finish(const PublishPtr& publish);
  ShardPublisher& publisher_of(uint32_t shard);  ///< under the mutex
};

ShardPublisher& TransactionalSink::Impl::publisher_of(uint32_t shard) {
  auto& publisher = publishers[shard];
  if (publisher) return *publisher;
  publisher = std::make_unique<ShardPublisher>(shard, options, facts, readers, clock, [this](const std::string& topic) {
    work->post([this, topic] { topics.forget(topic); });
  });
  return *publisher;
}

// On the sink's own thread: it may wait for a topic.
void TransactionalSink::Impl::plan(const PublishPtr& publish) {
  struct Last {
    uint32_t shard;
    size_t round;
  };
  std::unordered_map<std::string, Last> last;
  for (size_t i = 0; i < publish->deliveries.size(); ++i) {
    const auto& event = publish->deliveries[i].event;
    if (auto there = topics.ensure(event.topic); !there) {
      publish->reports[i] = report_of(fail(std::move(there.error())));
      continue;
    }
    const uint32_t shard = facts.shard_of(event.id);
    size_t round = 0;
    if (!event.key.empty()) {
      const auto [found, is_new] = last.try_emplace(event.key, Last{shard, 0});
      if (!is_new && found->second.shard != shard) found->second = {shard, found->second.round + 1};
      round = found->second.round;
    }
    if (publish->rounds.size() <= round) publish->rounds.resize(round + 1);
    publish->rounds[round][shard].push_back(i);
  }
  next_round(publish);
}

void TransactionalSink::Impl::next_round(const PublishPtr& publish) {
  if (publish->round == publish->rounds.size()) return finish(publish);
  const auto& round = publish->rounds[publish->round++];
  size_t count = 0;
  for (const auto& [shard, places] : round) count += places.size();
  publish->missing = count;
  for (const auto& [shard, places] : round) {
    std::vector<ShardPublisher::Item> items;
    items.reserve(places.size());
    for (const size_t at : places) {
      items.push_back({std::move(publish->deliveries[at]),
                       [this, publish, at](DeliveryReport report) { reported(publish, at, std::move(report)); }});
    }
    const std::scoped_lock lock(mutex);
    publisher_of(shard).add(std::move(items));
  }
}

void TransactionalSink::Impl::reported(const PublishPtr& publish, size_t at, DeliveryReport report) {
  publish->reports[at] = std::move(report);
  if (publish->missing.fetch_sub(1) != 1) return;
  if (publish->round == publish->rounds.size()) return finish(publish);
  next_round(publish);
}

void TransactionalSink::Impl::finish(const PublishPtr& publish) {
  publish->done(std::move(publish->reports));
  // Locked while notifying: stop() may destroy us once it sees zero.
  const std::scoped_lock lock(mutex);
  if (--under_way == 0) idle.notify_all();
}

TransactionalSink::TransactionalSink(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TransactionalSink::~TransactionalSink() { close(); }

void TransactionalSink::close() {
  stop(std::chrono::milliseconds(0));
  std::map<uint32_t, std::unique_ptr<ShardPublisher>> ended;
  const std::scoped_lock lock(impl_->closing);
  {
    const std::scoped_lock inner(impl_->mutex);
    ended = std::exchange(impl_->publishers, {});
  }
  ended.clear();
}

Result<std::unique_ptr<TransactionalSink>> TransactionalSink::open(TransactionalSinkOptions options, ShardFacts facts,
                                                                   const Clock& clock) {
  auto cluster = kafka::Cluster::open(options.kafka.cluster);
  if (!cluster) return fail(std::move(cluster.error()));
  return std::unique_ptr<TransactionalSink>(
      new TransactionalSink(std::make_unique<Impl>(std::move(options), std::move(facts), std::move(*cluster), clock)));
}

void TransactionalSink::publish(std::vector<Delivery> deliveries, Published done) {
  auto publish = std::make_shared<ShardedPublish>();
  publish->reports.resize(deliveries.size());
  publish->deliveries = std::move(deliveries);
  publish->done = std::move(done);
  bool refused = false;
  {
    const std::scoped_lock lock(impl_->mutex);
    refused = impl_->stopping;
    ++impl_->under_way;
  }
  impl_->work->post([impl = impl_.get(), refused, publish] {
    if (!refused) return impl->plan(publish);
    std::ranges::fill(publish->reports, report_of(fail(Code::shutting_down, "the scheduler is stopping")));
    impl->finish(publish);
  });
}

void TransactionalSink::take_over(uint32_t shard, uint64_t epoch, Done<void> done) {
  {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->stopping) return impl_->publisher_of(shard).take_over(epoch, std::move(done));
  }
  done(fail(Code::shutting_down, "the scheduler is stopping"));
}

void TransactionalSink::settled(uint32_t shard, const std::vector<EventId>& ids) {
  const std::scoped_lock lock(impl_->mutex);
  const auto found = impl_->publishers.find(shard);
  if (found != impl_->publishers.end()) found->second->settled(ids);
}

void TransactionalSink::stop(std::chrono::milliseconds grace) {
  std::unique_lock lock(impl_->mutex);
  impl_->stopping = true;
  const auto nothing_left = [this] { return impl_->under_way == 0; };
  if (impl_->idle.wait_for(lock, grace, nothing_left)) return;
  while (!nothing_left()) {
    for (auto& [shard, publisher] : impl_->publishers) publisher->stop();
    impl_->idle.wait_for(lock, std::chrono::milliseconds(100), nothing_left);
  }
}

}  // namespace schedules
