// One call that changes something, on its way through the writer: made on the caller's thread (which does the packing),
// applied and answered on the writer's.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "sink/tail_store.h"
#include "store/event_catalog.h"
#include "store/near_store.h"
#include "store/rocksdb/group.h"

namespace schedules::rocks {

class Request {
 public:
  virtual ~Request() = default;
  /// Appends the ids whose slots apply() asks for.
  virtual void ids(std::vector<EventId>& /*out*/) const {}
  /// Puts its changes into the group; its slots begin at group.slot(first). An error fails the whole group, so it is
  /// only for a storage that fails; what is wrong with one event belongs in the answer.
  virtual Status apply(Group& group, size_t first) = 0;
  /// Once: after the group was written, or with the reason why not.
  virtual void answer(const Status& written) = 0;

  [[nodiscard]] size_t bytes() const { return bytes_; }
  /// Must be synced before it is answered.
  [[nodiscard]] bool durable() const { return durable_; }
  /// Taken even when the queue is full: it ends what is bounded elsewhere.
  [[nodiscard]] bool always_taken() const { return always_taken_; }

 protected:
  size_t bytes_ = 64;
  bool durable_ = true;
  bool always_taken_ = false;
};

/// Which tier's events a request may touch; nullopt: both.
using Scope = std::optional<Tier>;

struct Placement {
  uint32_t shards = 1;
  Duration immediate_horizon{};
};

uint32_t shard_of(const EventId& id, uint32_t shards);

std::unique_ptr<Request> put_request(std::vector<Event> events, Tier tier, PutMode mode, uint32_t shards,
                                     Done<std::vector<PutOutcome>> done);
std::unique_ptr<Request> settle_request(std::vector<Settlement> settlements, uint32_t shards, Done<void> done);
std::unique_ptr<Request> cancel_request(std::vector<CancelRequest> wanted, Scope scope,
                                        Done<std::vector<Changed>> done);
std::unique_ptr<Request> change_request(std::vector<Event> events, Scope scope, Placement placement,
                                        Done<std::vector<Changed>> done);
std::unique_ptr<Request> transferred_request(std::vector<FarRevision> moved, Done<void> done);
std::unique_ptr<Request> append_tail_request(std::vector<TailMessage> messages, Done<uint64_t> done);
std::unique_ptr<Request> trim_tail_request(TimePoint before, uint64_t keep, Done<void> done);

}  // namespace schedules::rocks
