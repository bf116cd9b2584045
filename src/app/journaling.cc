#include "app/journaling.h"

#include <mutex>
#include <set>

#include "app/servers.h"
#include "base/await.h"
#include "base/log.h"

namespace schedules {
namespace {

constexpr size_t kAskedAtOnce = 1'000;
constexpr std::chrono::milliseconds kAppendWithin{5'000};  // then an accept is refused: its caller waits

}  // namespace

bool Journaling::wanted(const Settings& settings) {
  return settings.journal == JournalMode::automatic && !settings.redis_url.empty() && !settings.kafka_brokers.empty();
}

Result<std::unique_ptr<Journaling>> Journaling::open(const Settings& settings, Stores& stores, const Clock& clock) {
  std::unique_ptr<Journaling> out(new Journaling(stores, clock, settings));
  auto& near = stores.near();
  const auto kafka = kafka_sink_options_of(settings);
  auto journal = KafkaJournal::open({.cluster = kafka.cluster,
                                     .topic = settings.journal_topic,
                                     .partitions = static_cast<uint32_t>(settings.shards),
                                     .replication = static_cast<int>(settings.kafka_default_replication_factor),
                                     .message_timeout = std::min(kafka.producer.message_timeout, kAppendWithin),
                                     .shard_of = [&near](const EventId& id) { return near.shard_of(id); }},
                                    clock);
  if (!journal) return fail(journal.error());
  out->journal_ = std::move(*journal);
  auto sink = TransactionalSink::open(
      {.kafka = kafka, .journal_topic = settings.journal_topic, .id_prefix = settings.journal_topic}, out->facts(),
      clock);
  if (!sink) return fail(sink.error());
  out->sink_ = std::move(*sink);
  out->keeper_ = std::make_unique<Keeper>(*out->journal_, stores.near_catalog(), clock);
  out->near_ = std::make_unique<JournaledNear>(
      near, stores.far_catalog(), *out->keeper_,
      [sink = out->sink_.get()](uint32_t shard, const std::vector<EventId>& ids) { sink->settled(shard, ids); });
  out->far_ = std::make_unique<JournaledFar>(stores.far(), *out->keeper_);
  out->near_catalog_ = std::make_unique<JournaledCatalog>(
      stores.near_catalog(), *out->keeper_, [journaling = out.get()](std::vector<EventId> ids, Done<bool> done) {
        journaling->are_whole(ids, std::move(done));
      });
  out->far_catalog_ =
      std::make_unique<JournaledCatalog>(stores.far_catalog(), *out->keeper_, JournaledCatalog::Complete{});
  out->rebuild_ = std::make_unique<Rebuild>(Rebuild::Ports{
      .journal = *out->journal_,
      .marks = out->marks_,
      .fence = [sink = out->sink_.get()](uint32_t shard, uint64_t epoch) -> Status {
        return await<void>([&](Done<void> done) { sink->take_over(shard, epoch, std::move(done)); });
      },
      .put_back =
          [redis = stores.redis()](uint64_t filling, std::vector<Event> events, Done<std::vector<PutOutcome>> done) {
            redis->put_back(filling, std::move(events), std::move(done));
          },
      .far = stores.far(),
      .clock = clock,
      .horizon = immediate_horizon(settings)});
  stores.put_before(*out->near_, *out->near_catalog_, *out->far_, *out->far_catalog_);
  return out;
}

void Journaling::are_whole(const std::vector<EventId>& ids, Done<bool> done) {
  struct Asked {
    std::mutex mutex;
    size_t left = 0;
    Result<bool> whole = true;
    Done<bool> done;
  };
  std::set<uint32_t> shards;
  for (const auto& id : ids) shards.insert(raw_near_.shard_of(id));
  auto asked = std::make_shared<Asked>();
  asked->left = shards.size();
  asked->done = std::move(done);
  for (const uint32_t shard : shards) {
    marks_.read(shard, [asked](const Result<JournalMark>& mark) {
      std::unique_lock lock(asked->mutex);
      if (!mark) {
        asked->whole = fail(mark.error());
      } else if (!mark->whole() && asked->whole) {
        asked->whole = false;
      }
      if (--asked->left > 0) return;
      lock.unlock();
      asked->done(std::move(asked->whole));
    });
  }
}

ShardFacts Journaling::facts() {
  return {.shard_of = [this](const EventId& id) { return raw_near_.shard_of(id); },
          .epoch_of = [this](uint32_t shard) -> std::optional<uint64_t> {
            auto* coordinator = coordinator_.load();
            if (coordinator == nullptr) return std::nullopt;
            return coordinator->epoch_of(shard);
          },
          .journal_partition_of = [this](uint32_t shard) { return journal_->partition_of(shard); },
          .unsettled_from = [this](uint32_t shard) -> Result<std::optional<int64_t>> {
            auto mark = await<JournalMark>([&](Done<JournalMark> done) { marks_.read(shard, std::move(done)); });
            if (!mark) return fail(mark.error());
            return mark->unsettled_from;
          },
          .note_unsettled_from =
              [this](uint32_t shard, uint64_t epoch, int64_t offset) {
                marks_.note_unsettled_from(shard, epoch, offset, [](const Result<void>&) {});
              },
          .still_waiting = [this](std::vector<EventId> ids) { return still_waiting(std::move(ids)); }};
}

Result<std::vector<EventId>> Journaling::still_waiting(std::vector<EventId> ids) {
  using Found = std::vector<std::optional<StoredEvent>>;
  std::vector<EventId> waiting;
  for (size_t from = 0; from < ids.size(); from += kAskedAtOnce) {
    const auto count = std::min(kAskedAtOnce, ids.size() - from);
    std::vector<EventId> some(ids.begin() + static_cast<ptrdiff_t>(from),
                              ids.begin() + static_cast<ptrdiff_t>(from + count));
    auto found = await<Found>([&](Done<Found> done) { raw_near_catalog_.get(std::move(some), std::move(done)); });
    if (!found) return fail(found.error());
    for (const auto& one : *found) {
      if (one && !is_final(one->state)) waiting.push_back(one->event.id);
    }
  }
  return waiting;
}

void Journaling::ensure(uint32_t shard, uint64_t epoch, Done<void> done) {
  sink_->take_over(shard, epoch, [](const Result<void>&) {});
  rebuild_->ensure(shard, epoch, std::move(done));
}

void Journaling::look(uint32_t shards) {
  auto* coordinator = coordinator_.load();
  if (coordinator == nullptr) return;
  for (uint32_t shard = 0; shard < shards; ++shard) {
    const auto epoch = coordinator->epoch_of(shard);
    if (!epoch) continue;
    marks_.read(shard, [this, shard, epoch](const Result<JournalMark>& mark) {
      auto* still = coordinator_.load();
      if (still == nullptr || !mark || mark->whole() || still->epoch_of(shard) != epoch) return;
      log::warn("journal.store_changed",
                {{"shard", std::to_string(shard)}, {"was", mark->filled}, {"is", mark->store}});
      still->lost(shard, *epoch);
    });
  }
}

void Journaling::close() {
  if (rebuild_) rebuild_->stop();
  if (sink_) sink_->close();
  if (journal_) journal_->close();
  coordinator_ = nullptr;
}

}  // namespace schedules
