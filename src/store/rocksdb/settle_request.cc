#include "base/log.h"
#include "model/record.h"
#include "store/rocksdb/request.h"

namespace schedules::rocks {
namespace {

class SettleRequest final : public Request {
 public:
  SettleRequest(std::vector<Settlement> settlements, uint32_t shards, Done<void> done)
      : shards_(shards), done_(std::move(done)) {
    durable_ = false;
    always_taken_ = true;
    items_.reserve(settlements.size());
    for (const auto& settlement : settlements) add(settlement);
    bytes_ = records_.size() + items_.size() * sizeof(Item);
  }

  Status apply(Group& group, size_t) override {
    for (const auto& item : items_) {
      const auto begun = group.ledger().in_flight.start_settling(item.id);
      if (!begun) continue;  // settled before
      group.settling(item.id);
      group.drop_pending(begun->due, begun->moved);
      const uint64_t sequence = begun->due.place.sequence;
      const auto value = std::string_view(records_).substr(item.offset, item.size);
      if (is_final(item.state)) {
        group.put_finished(item.id, item.state, Tier::near, sequence, due_record(value));
        continue;
      }
      const DueKey key{.run = run_of(Tier::near, shard_of(item.id, shards_), item.priority),
                       .place = {.fire_at = item.fire_at, .sequence = sequence}};
      group.put_pending(item.id, key, item.moved, value);
    }
    return {};
  }

  void answer(const Status& written) override { done_(written); }

 private:
  struct Item {
    EventId id;
    int64_t fire_at = 0;
    size_t offset = 0;
    size_t size = 0;
    State state = State::pending;
    int8_t priority = 0;
    bool moved = false;
  };

  void add(const Settlement& settlement) {
    const auto& event = settlement.event;
    const State state = is_final(settlement.outcome.state) ? settlement.outcome.state : State::pending;
    Item item{.id = event.id,
              .fire_at = to_micros(event.fire_at),
              .offset = records_.size(),
              .state = state,
              .priority = event.priority,
              .moved = event.fire_at != event.due_at};
    records_.append(event.id.view());
    pack(event, state, Tier::near, settlement.outcome, records_);
    item.size = records_.size() - item.offset;
    items_.push_back(item);
  }

  const uint32_t shards_;
  Done<void> done_;
  std::vector<Item> items_;
  std::string records_;
};

// They are in the near store. Where that is this store, the put has moved them already.
class TransferredRequest final : public Request {
 public:
  TransferredRequest(std::vector<FarRevision> moved, Done<void> done)
      : moved_(std::move(moved)), done_(std::move(done)) {
    always_taken_ = true;
    bytes_ = moved_.size() * sizeof(FarRevision);
  }

  void ids(std::vector<EventId>& out) const override {
    for (const auto& one : moved_) out.push_back(one.id);
  }

  Status apply(Group& group, size_t first) override {
    for (size_t i = 0; i < moved_.size(); ++i) {
      auto& slot = group.slot(first + i);
      if (slot.entry.kind != IdEntry::Kind::pending || slot.entry.due.run.tier != Tier::far) continue;
      const auto stored = group.read(slot);
      if (!stored && stored.error().code != Code::corrupt) return fail(stored.error());
      if (stored && stored->event.revision > moved_[i].revision) continue;
      group.drop_pending(slot.entry.due, slot.entry.moved);
      group.forget(slot);
    }
    return {};
  }

  void answer(const Status& written) override { done_(written); }

 private:
  std::vector<FarRevision> moved_;
  Done<void> done_;
};

}  // namespace

std::unique_ptr<Request> settle_request(std::vector<Settlement> settlements, uint32_t shards, Done<void> done) {
  return std::make_unique<SettleRequest>(std::move(settlements), shards, std::move(done));
}

std::unique_ptr<Request> transferred_request(std::vector<FarRevision> moved, Done<void> done) {
  return std::make_unique<TransferredRequest>(std::move(moved), std::move(done));
}

}  // namespace schedules::rocks
