#include "ingest/kafka/delayed_ingest.h"

#include <algorithm>
#include <map>
#include <thread>

#include "base/executor.h"
#include "base/log.h"
#include "ingest/kafka/topics.h"

namespace schedules {
namespace {

using kafka::TopicPartition;
using kafka::TopicPartitions;
using std::chrono::milliseconds;

constexpr size_t kPollRecords = 1'000;
constexpr milliseconds kLongestPoll{250};

/// Wakes the ingest's thread, until that has ended.
struct Waker {
  std::mutex mutex;
  kafka::Consumer* consumer = nullptr;  ///< guarded by mutex

  void wake() {
    const std::scoped_lock lock(mutex);
    if (consumer != nullptr) consumer->wake();
  }
  void set(kafka::Consumer* one) {
    const std::scoped_lock lock(mutex);
    consumer = one;
  }
};

struct Partition {
  std::shared_ptr<PartitionIntake> intake;
  bool paused = false;
};

}  // namespace

struct DelayedIngest::Impl final : kafka::Consumer::Listener {
  DelayedIngestOptions options;
  const Clock& clock;
  std::unique_ptr<kafka::Cluster> cluster;
  std::unique_ptr<kafka::Producer> producer;
  std::unique_ptr<kafka::Consumer> consumer;
  std::shared_ptr<Mailbox> mailbox = std::make_shared<Mailbox>();
  std::shared_ptr<Waker> waker = std::make_shared<Waker>();

  // Owned by the thread.
  IngestCounts counts;
  IntakePorts ports;
  IngestTopics topics;
  std::map<TopicPartition, Partition> partitions;
  std::optional<Error> cluster_trouble;

  mutable std::mutex mutex;
  IngestStatus status;                    ///< guarded by mutex
  std::optional<SteadyPoint> stop_until;  ///< guarded by mutex
  std::thread thread;

  Impl(DelayedIngestOptions given, std::unique_ptr<kafka::Cluster> asked, std::unique_ptr<kafka::Producer> for_letters,
       Events& events, const Clock& given_clock)
      : options(std::move(given)),
        clock(given_clock),
        cluster(std::move(asked)),
        producer(std::move(for_letters)),
        ports{.events = events,
              .letters = [this](std::vector<kafka::OutgoingRecord> letters,
                                kafka::ProduceDone done) { producer->produce(std::move(letters), std::move(done)); },
              .clock = clock,
              .mailbox = mailbox,
              .rules = {.delayed_topic = options.topic,
                        .dead_topic = options.topic + ".dlq",
                        .max_retries = options.max_retries,
                        .retry_delay = options.retry_delay},
              .counts = counts},
        topics(*cluster, options.topic, ports.rules.dead_topic,
               {.create = options.create_topics, .partitions = options.partitions, .replication = options.replication},
               clock) {}

  void gained(const TopicPartitions& ours) override;
  void lost(const TopicPartitions& others) override;
  void run();
  void step();
  void deliver(std::vector<kafka::IncomingRecord> records);
  void advance();
  void write_down(const TopicPartition& where, PartitionIntake& intake);
  void hold_back();
  [[nodiscard]] milliseconds longest_wait() const;
  [[nodiscard]] bool may_end();
  void publish_status();
};

void DelayedIngest::Impl::gained(const TopicPartitions& ours) {
  for (const auto& one : ours) partitions[one] = {.intake = std::make_shared<PartitionIntake>(ports)};
  log::info("ingest.gained", {{"topic", options.topic}, {"partitions", std::to_string(partitions.size())}});
}

void DelayedIngest::Impl::lost(const TopicPartitions& others) {
  for (const auto& one : others) partitions.erase(one);
  log::info("ingest.lost", {{"topic", options.topic}, {"partitions", std::to_string(partitions.size())}});
}

void DelayedIngest::Impl::deliver(std::vector<kafka::IncomingRecord> records) {
  for (auto& record : records) {
    const auto found = partitions.find({.topic = record.topic, .partition = record.partition});
    if (found != partitions.end()) found->second.intake->add(std::move(record));
  }
}

void DelayedIngest::Impl::advance() {
  for (auto& [where, partition] : partitions) {
    partition.intake->advance();
    write_down(where, *partition.intake);
    const auto& trouble = partition.intake->trouble();
    if (trouble && trouble->code == Code::not_found) topics.look_again();
  }
}

void DelayedIngest::Impl::write_down(const TopicPartition& where, PartitionIntake& intake) {
  if (const auto offset = intake.take_processed()) consumer->processed(where, *offset);
}

// Each partition has its share of the bounds; one that is at its end, or cannot get through, is read no further.
void DelayedIngest::Impl::hold_back() {
  const size_t share_records = std::max<size_t>(options.max_records / std::max<size_t>(partitions.size(), 1), 1);
  const size_t share_bytes = std::max<size_t>(options.max_bytes / std::max<size_t>(partitions.size(), 1), 1);
  TopicPartitions pause;
  TopicPartitions resume;
  for (auto& [where, partition] : partitions) {
    const auto& intake = *partition.intake;
    const bool full = intake.records() >= share_records || intake.bytes() >= share_bytes;
    const bool half = intake.records() > share_records / 2 || intake.bytes() > share_bytes / 2;
    const bool stays = intake.trouble() || full || (partition.paused && half);
    if (stays == partition.paused) continue;
    (stays ? pause : resume).push_back(where);
    partition.paused = stays;
  }
  consumer->pause(pause);
  consumer->resume(resume);
}

milliseconds DelayedIngest::Impl::longest_wait() const {
  if (!mailbox->empty()) return milliseconds(0);
  auto wait = kLongestPoll;
  const auto now = clock.steady();
  for (const auto& [where, partition] : partitions) {
    if (const auto at = partition.intake->resumes_at()) {
      wait = std::min(wait, std::max(std::chrono::ceil<milliseconds>(*at - now), milliseconds(0)));
    }
  }
  return wait;
}

void DelayedIngest::Impl::step() {
  topics.ensure();
  auto records = consumer->poll(kPollRecords, longest_wait());
  if (auto trouble = consumer->take_trouble()) cluster_trouble = std::move(trouble);
  if (!records.empty()) cluster_trouble.reset();
  deliver(std::move(records));
  for (auto& message : mailbox->drain()) message();
  advance();
  hold_back();
  publish_status();
}

void DelayedIngest::Impl::publish_status() {
  IngestStatus now{.counts = counts, .partitions = partitions.size(), .cluster_trouble = cluster_trouble};
  for (const auto& [where, partition] : partitions) {
    const auto& intake = *partition.intake;
    now.paused += partition.paused ? 1 : 0;
    now.records += intake.records();
    now.bytes += intake.bytes();
    if (!intake.trouble()) continue;
    now.trouble = intake.trouble();
    now.trouble_for =
        std::max(now.trouble_for, std::chrono::duration_cast<milliseconds>(clock.steady() - intake.trouble_since()));
  }
  const std::scoped_lock lock(mutex);
  if (now.trouble && !status.trouble) log::warn("ingest.waits", {{"reason", now.trouble->detail}});
  if (!now.trouble && status.trouble) log::info("ingest.goes_on");
  status = std::move(now);
}

bool DelayedIngest::Impl::may_end() {
  const std::scoped_lock lock(mutex);
  if (!stop_until) return false;
  if (clock.steady() >= *stop_until) return true;
  return std::ranges::none_of(partitions, [](const auto& one) { return one.second.intake->busy(); });
}

void DelayedIngest::Impl::run() {
  name_this_thread("kafka-ingest");
  topics.ensure();  // before the group is joined: a topic that is made later is noticed late
  if (auto joined = consumer->subscribe(); !joined) cluster_trouble = std::move(joined.error());
  const auto stopping = [this] {
    const std::scoped_lock lock(mutex);
    return stop_until.has_value();
  };
  while (!stopping()) step();
  TopicPartitions all;
  for (const auto& [where, partition] : partitions) all.push_back(where);
  consumer->pause(all);
  while (!may_end()) {
    // What is still read is dropped, and read again by the next owner; the group wants to see us poll.
    consumer->poll(kPollRecords, milliseconds(20));
    for (auto& message : mailbox->drain()) message();
    for (auto& [where, partition] : partitions) {
      partition.intake->wind_up();
      write_down(where, *partition.intake);
    }
  }
  mailbox->close();
  waker->set(nullptr);
  SteadyPoint until;
  {
    const std::scoped_lock lock(mutex);
    until = *stop_until;
  }
  const auto left = std::chrono::ceil<milliseconds>(until - clock.steady());
  consumer->close(std::max(left, milliseconds(500)));
  partitions.clear();
}

DelayedIngest::DelayedIngest(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
DelayedIngest::~DelayedIngest() { stop(milliseconds(0)); }

Result<std::unique_ptr<DelayedIngest>> DelayedIngest::open(DelayedIngestOptions options, Events& events,
                                                           const Clock& clock) {
  if (!kafka::is_topic_name(options.topic + ".dlq")) {
    return fail_field(Code::invalid_argument, "topic", "\"{}\" cannot be a Kafka topic", options.topic);
  }
  if (options.group.empty()) return fail_field(Code::invalid_argument, "group", "is required");
  auto cluster = kafka::Cluster::open(options.cluster);
  if (!cluster) return fail(std::move(cluster.error()));
  // Letters are few; each is judged by its own size.
  auto producer = kafka::Producer::open(options.cluster, {.max_queued_messages = 10'000, .one_by_one = true});
  if (!producer) return fail(std::move(producer.error()));
  auto impl = std::make_unique<Impl>(std::move(options), std::move(*cluster), std::move(*producer), events, clock);
  const kafka::ConsumerOptions reads{
      .group = impl->options.group, .topics = {impl->options.topic}, .session_timeout = impl->options.session_timeout};
  auto consumer = kafka::Consumer::open(impl->options.cluster, reads, *impl, clock);
  if (!consumer) return fail(std::move(consumer.error()));
  impl->consumer = std::move(*consumer);
  impl->waker->set(impl->consumer.get());
  impl->mailbox->on_first([waker = impl->waker] { waker->wake(); });
  impl->thread = std::thread([running = impl.get()] { running->run(); });
  return std::unique_ptr<DelayedIngest>(new DelayedIngest(std::move(impl)));
}

IngestStatus DelayedIngest::status() const {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->status;
}

void DelayedIngest::stop(milliseconds grace) {
  {
    const std::scoped_lock lock(impl_->mutex);
    if (!impl_->stop_until) impl_->stop_until = impl_->clock.steady() + grace;
  }
  impl_->waker->wake();
  if (impl_->thread.joinable()) impl_->thread.join();
  impl_->producer->stop(milliseconds(0));
}

}  // namespace schedules
