// The journal in its place: before the stores, behind the Kafka sink, and at the taking over of a shard. On where Redis and Kafka
// are set.
#pragma once

#include <atomic>
#include <memory>

#include "app/stores.h"
#include "cluster/coordinator.h"
#include "journal/journaled_catalog.h"
#include "journal/journaled_near.h"
#include "journal/kafka/kafka_journal.h"
#include "journal/rebuild.h"
#include "sink/kafka/transactional_sink.h"
#include "store/redis/journal_marks.h"

namespace schedules {

class Journaling {
 public:
  static bool wanted(const Settings& settings);
  /// From then on the stores' faces keep the journal. Errors: invalid_argument. Stores and clock must outlive it; close it before
  /// the stores are closed.
  static Result<std::unique_ptr<Journaling>> open(const Settings& settings, Stores& stores, const Clock& clock);
  ~Journaling() { close(); }

  /// Which shards are ours; before anything is published.
  void ask(Coordinator& coordinator) { coordinator_ = &coordinator; }
  Sink& sink() { return *sink_; }
  /// At the taking over of a shard: answers once the store has what it should.
  void ensure(uint32_t shard, uint64_t epoch, Done<void> done);
  /// Every second: whether Redis is still the one that has all. Where not, the leases are dropped, and taken over anew.
  void look(uint32_t shards);
  [[nodiscard]] RebuildFigures figures() const { return rebuild_->figures(); }

  void stop(std::chrono::milliseconds grace) { sink_->stop(grace); }
  /// Nothing is asked of the stores any more; what they still answer is refused.
  void close();

 private:
  Journaling(Stores& stores, const Clock& clock, const Settings& settings)
      : clock_(clock),
        raw_near_(stores.near()),
        raw_near_catalog_(stores.near_catalog()),
        raw_far_catalog_(stores.far_catalog()),
        marks_(*stores.redis_client(), settings.redis_prefix, settings.node_id) {}
  ShardFacts facts();
  /// Whether the shards of these ids have all that they should.
  void are_whole(const std::vector<EventId>& ids, Done<bool> done);
  Result<std::vector<EventId>> still_waiting(std::vector<EventId> ids);

  const Clock& clock_;
  NearStore& raw_near_;
  EventCatalog& raw_near_catalog_;
  EventCatalog& raw_far_catalog_;
  RedisJournalMarks marks_;
  std::atomic<Coordinator*> coordinator_{nullptr};
  std::unique_ptr<KafkaJournal> journal_;
  std::unique_ptr<Keeper> keeper_;
  std::unique_ptr<JournaledNear> near_;
  std::unique_ptr<JournaledFar> far_;
  std::unique_ptr<JournaledCatalog> near_catalog_;
  std::unique_ptr<JournaledCatalog> far_catalog_;
  std::unique_ptr<TransactionalSink> sink_;
  std::unique_ptr<Rebuild> rebuild_;
};

}  // namespace schedules
