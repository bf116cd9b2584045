#include "journal/kafka/kafka_journal.h"

#include <condition_variable>
#include <mutex>

#include "base/executor.h"
#include "base/log.h"
#include "journal/record.h"
#include "journal/survivors.h"
#include "kafka/cluster.h"
#include "kafka/reader_pool.h"

namespace schedules {
namespace {

constexpr uint64_t kProgressEvery = 10'000;
constexpr size_t kReadersKept = 2;
constexpr auto kHeardAfter = std::chrono::milliseconds(50);

// Compaction leaves alone what is younger than this: a replay and an owner that takes over read the recent records whole.
constexpr auto kLeftAlone = std::chrono::hours(1);

Status first_error(const kafka::Produced& results) {
  for (const auto& result : results) {
    if (!result) return fail(result.error());
  }
  return {};
}

/// Calls of a producer, of which none may come once it stops.
class Calls {
 public:
  bool enter() {
    const std::scoped_lock lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void leave() {
    const std::scoped_lock lock(mutex_);
    if (--inside_ == 0) empty_.notify_all();
  }
  void close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    empty_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  size_t inside_ = 0;
  bool closed_ = false;
};

}  // namespace

struct KafkaJournal::Impl {
  KafkaJournalOptions options;
  const Clock& clock;
  std::unique_ptr<kafka::Cluster> cluster;
  std::unique_ptr<kafka::Producer> producer;
  kafka::ReaderPool readers;
  std::atomic<int32_t> partitions{0};  ///< 0: not known yet
  std::mutex making;
  std::condition_variable heard;  ///< by nobody: a pause
  Calls calls;
  std::unique_ptr<Executor> first_contact;  ///< last: ends before what it uses

  Result<int32_t> know_partitions();
  Status make_topic();
  Impl(KafkaJournalOptions given, const Clock& given_clock, std::unique_ptr<kafka::Cluster> asked,
       std::unique_ptr<kafka::Producer> sends)
      : options(std::move(given)),
        clock(given_clock),
        cluster(std::move(asked)),
        producer(std::move(sends)),
        readers(options.cluster, clock, kReadersKept),
        first_contact(thread_executor("journal")) {}
  void send(std::vector<kafka::OutgoingRecord> records, Done<void> done);
  [[nodiscard]] int32_t place_of(uint32_t shard) const { return static_cast<int32_t>(shard) % partitions; }
};

Status KafkaJournal::Impl::make_topic() {
  kafka::TopicSpec spec{
      .name = options.topic,
      .partitions = static_cast<int>(options.partitions),
      .replication = options.replication,
      .settings = {{"cleanup.policy", "compact"},
                   {"min.compaction.lag.ms", std::to_string(std::chrono::milliseconds(kLeftAlone).count())},
                   {"max.message.bytes", std::to_string(4 * 1024 * 1024)}}};
  auto made = cluster->create(spec, options.message_timeout);
  if (made) log::info("journal.topic_made", {{"topic", spec.name}, {"partitions", std::to_string(spec.partitions)}});
  return made;
}

Result<int32_t> KafkaJournal::Impl::know_partitions() {
  if (partitions > 0) return partitions.load();
  std::unique_lock lock(making);
  if (partitions > 0) return partitions.load();
  auto found = cluster->partitions_of(options.topic, options.message_timeout);
  if (!found && found.error().code == Code::not_found) {
    if (auto made = make_topic(); !made) return fail(made.error());
    const auto until = clock.steady() + options.message_timeout;
    // It is made, but the broker that is asked may not have heard yet.
    do {
      heard.wait_for(lock, kHeardAfter);
      found = cluster->partitions_of(options.topic, options.message_timeout);
    } while (!found && found.error().code == Code::not_found && clock.steady() < until);
    if (!found && found.error().code == Code::not_found) found.error().code = Code::unavailable;
  }
  if (!found) return fail(found.error());
  partitions = *found;
  return *found;
}

void KafkaJournal::Impl::send(std::vector<kafka::OutgoingRecord> records, Done<void> done) {
  if (records.empty()) return done({});
  if (!calls.enter()) return done(fail(Code::shutting_down, "the journal is closed"));
  auto go = [this](std::vector<kafka::OutgoingRecord> all, Done<void> answer) {
    for (auto& record : all) {
      const auto id = parse_id(*record.key);
      record.partition = place_of(options.shard_of(*id));
    }
    producer->produce(std::move(all), [answer = std::move(answer)](const kafka::Produced& results) mutable {
      answer(first_error(results));
    });
    calls.leave();
  };
  if (partitions > 0) return go(std::move(records), std::move(done));
  first_contact->post([this, go, records = std::move(records), done = std::move(done)]() mutable {
    if (auto known = know_partitions(); !known) {
      known.error().detail = "the journal: " + known.error().detail;
      if (known.error().code == Code::not_found) known.error().code = Code::unavailable;
      calls.leave();
      return done(fail(known.error()));
    }
    go(std::move(records), std::move(done));
  });
}

KafkaJournal::KafkaJournal(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaJournal::~KafkaJournal() { close(); }

void KafkaJournal::close() {
  impl_->calls.close();
  impl_->producer->stop(std::chrono::milliseconds(0));
}

Result<std::unique_ptr<KafkaJournal>> KafkaJournal::open(KafkaJournalOptions options, const Clock& clock) {
  auto cluster = kafka::Cluster::open(options.cluster);
  if (!cluster) return fail(std::move(cluster.error()));
  auto producer =
      kafka::Producer::open(options.cluster, {.message_timeout = options.message_timeout, .compression = "zstd"});
  if (!producer) return fail(std::move(producer.error()));
  auto impl = std::make_unique<Impl>(std::move(options), clock, std::move(*cluster), std::move(*producer));
  return std::unique_ptr<KafkaJournal>(new KafkaJournal(std::move(impl)));
}

const std::string& KafkaJournal::topic() const { return impl_->options.topic; }

Result<int32_t> KafkaJournal::partition_of(uint32_t shard) {
  if (auto known = impl_->know_partitions(); !known) return fail(known.error());
  return impl_->place_of(shard);
}

void KafkaJournal::append(std::vector<Event> events, bool redriven, Done<void> done) {
  std::vector<kafka::OutgoingRecord> records;
  records.reserve(events.size());
  for (const auto& event : events) {
    kafka::OutgoingRecord record{
        .topic = impl_->options.topic, .key = event.id.text(), .value = journal::value_of(event)};
    const auto word = redriven ? journal::Word::redriven : journal::Word::accepted;
    record.headers.emplace_back(journal::kHeader, journal::text_of({word, event.created_at}));
    records.push_back(std::move(record));
  }
  impl_->send(std::move(records), std::move(done));
}

void KafkaJournal::forget(std::vector<EventId> ids, Done<void> done) {
  std::vector<kafka::OutgoingRecord> records;
  records.reserve(ids.size());
  for (const auto& id : ids) records.push_back({.topic = impl_->options.topic, .key = id.text()});
  impl_->send(std::move(records), std::move(done));
}

// Two passes: the first learns which record of each id counts, the second hands those on. So the bodies, of which
// there may be gigabytes, are never held together.
Result<ReplayProgress> KafkaJournal::replay(uint32_t shard, ReplayFrom from, const Replay& replay) {
  const auto partition = partition_of(shard);
  if (!partition) return fail(partition.error());
  auto reader = impl_->readers.take();
  if (!reader) return fail(std::move(reader.error()));
  const auto& topic = impl_->options.topic;
  auto span = (*reader)->span(topic, *partition);
  if (!span) return fail(span.error());
  span->begin = std::clamp(std::min(from.look, from.hand_on), span->begin, span->end);

  ReplayProgress progress{
      .total = 2 * static_cast<uint64_t>(span->end - span->begin), .end = span->end, .recent = span->end};
  const auto tell = [&] {
    if (++progress.read % kProgressEvery == 0 && replay.progress) replay.progress(progress);
  };
  const TimePoint echoed_since = impl_->clock.wall() - 2 * journal::kEchoWithin;
  journal::Survivors survivors;
  const auto first = [&](const kafka::RecordView& record) {
    tell();
    const auto id = parse_id(record.key);
    if (!id || impl_->options.shard_of(*id) != shard) return;
    const auto said = journal::said_by(record.header);
    if (said.word == journal::Word::fired && said.at >= echoed_since) {
      progress.recent = std::min(progress.recent, record.offset);
    }
    survivors.see(*id, record.offset, record.value.has_value(), said);
  };
  auto read = (*reader)->read(topic, *partition, span->begin, span->end, journal::kHeader, impl_->options.patience,
                              first, replay.give_up);
  if (!read) return fail(read.error());
  survivors.forget_fired();

  std::vector<Event> batch;
  Status taken;
  const auto hand_on = [&] {
    if (batch.empty() || !taken) return;
    progress.events += batch.size();
    taken = replay.take(std::exchange(batch, {}));
  };
  const auto second = [&](const kafka::RecordView& record) {
    tell();
    const auto id = parse_id(record.key);
    if (!taken || !id || !survivors.counts(*id, record.offset)) return;
    auto event = journal::event_of(*record.value);
    if (!event) {
      taken = fail(event.error().code, "{}[{}] at {}: {}", topic, *partition, record.offset, event.error().detail);
      return;
    }
    batch.push_back(std::move(*event));
    if (batch.size() >= impl_->options.batch) hand_on();
  };
  if (survivors.size() > 0) {
    const int64_t begin = std::clamp(from.hand_on, span->begin, span->end);
    read = (*reader)->read(topic, *partition, begin, span->end, journal::kHeader, impl_->options.patience, second,
                           [&] { return !taken || (replay.give_up && replay.give_up()); });
    if (!taken) return fail(taken.error());
    if (!read) return fail(read.error());
  }
  hand_on();
  impl_->readers.give_back(std::move(*reader));
  if (!taken) return fail(taken.error());
  progress.read = progress.total;
  if (replay.progress) replay.progress(progress);
  return progress;
}

}  // namespace schedules
