#include "base/ids.h"
#include "model/record.h"
#include "store/rocksdb/request.h"

namespace schedules::rocks {
namespace {

constexpr size_t kSmallFieldsBytes = 160;  // of a record, about

class PutRequest final : public Request {
 public:
  PutRequest(std::vector<Event> events, Tier tier, PutMode mode, uint32_t shards, Done<std::vector<PutOutcome>> done)
      : tier_(tier), mode_(mode), shards_(shards), done_(std::move(done)) {
    items_.reserve(events.size());
    size_t expected = 0;
    for (const auto& event : events) expected += event.body.size() + kSmallFieldsBytes + kIdBytes;
    records_.reserve(expected);
    for (const auto& event : events) add(event);
    bytes_ = records_.size() + items_.size() * sizeof(Item);
  }

  void ids(std::vector<EventId>& out) const override {
    for (const auto& item : items_) out.push_back(item.id);
  }

  Status apply(Group& group, size_t first) override {
    outcomes_.clear();
    outcomes_.resize(items_.size());
    for (size_t i = 0; i < items_.size(); ++i) {
      auto put = put_one(group, group.slot(first + i), items_[i], outcomes_[i]);
      if (!put) return put;
    }
    return {};
  }

  void answer(const Status& written) override {
    if (!written) return done_(fail(written.error()));
    done_(std::move(outcomes_));
  }

 private:
  struct Item {
    EventId id;
    uint64_t fingerprint = 0;
    uint64_t revision = 0;
    uint64_t schedule_revision = 0;
    int64_t fire_at = 0;
    size_t offset = 0;
    size_t size = 0;
    int8_t priority = 0;
    bool moved = false;
  };

  void add(const Event& event) {
    Item item{.id = event.id,
              .fingerprint = event.fingerprint,
              .revision = event.revision,
              .schedule_revision = event.schedule_revision,
              .fire_at = to_micros(event.fire_at),
              .offset = records_.size(),
              .priority = event.priority,
              .moved = event.fire_at != event.due_at};
    records_.append(event.id.view());
    pack(event, State::pending, tier_, Outcome{}, records_);
    item.size = records_.size() - item.offset;
    items_.push_back(item);
  }

  [[nodiscard]] std::string_view value_of(const Item& item) const {
    return std::string_view(records_).substr(item.offset, item.size);
  }

  void create(Group& group, Slot& slot, const Item& item, uint64_t sequence, PutOutcome& outcome) {
    const DueKey key{.run = run_of(tier_, shard_of(item.id, shards_), item.priority),
                     .place = {.fire_at = item.fire_at, .sequence = sequence}};
    group.put_pending(slot, key, item.moved, value_of(item));
    outcome = PutOutcome{.result = PutResult::created, .existing = std::nullopt, .sequence = sequence};
  }

  Status put_one(Group& group, Slot& slot, const Item& item, PutOutcome& outcome) {
    const auto kind = slot.entry.kind;
    if (kind == IdEntry::Kind::absent) {
      create(group, slot, item, group.ledger().sequences.next(), outcome);
      return {};
    }
    if (kind == IdEntry::Kind::finished && mode_ == PutMode::redriven && slot.entry.state == State::dead) {
      group.ledger().remembered.remove(slot.entry.tier, slot.entry.expires_at);
      create(group, slot, item, group.ledger().sequences.next(), outcome);
      return {};
    }
    auto stored = group.read(slot);
    if (!stored && stored.error().code != Code::corrupt) return fail(stored.error());
    if (!stored) stored = stub_of(slot, item);
    if (kind == IdEntry::Kind::pending && replace(group, slot, item, *stored, outcome)) return {};
    const bool same = stored->event.fingerprint == item.fingerprint;
    if (kind == IdEntry::Kind::pending && group.in_flight(item.id)) stored->state = State::in_flight;
    outcome = PutOutcome{.result = same ? PutResult::exists : PutResult::conflict, .existing = std::move(*stored)};
    return {};
  }

  /// What can be said of an event whose record is damaged.
  static StoredEvent stub_of(const Slot& slot, const Item& item) {
    StoredEvent stub;
    stub.event.id = slot.id;
    stub.event.fingerprint = item.fingerprint;
    stub.event.fire_at = from_micros(slot.entry.due.place.fire_at);
    stub.event.due_at = stub.event.fire_at;
    stub.state = slot.entry.kind == IdEntry::Kind::finished ? slot.entry.state : State::pending;
    return stub;
  }

  bool replace(Group& group, Slot& slot, const Item& item, const StoredEvent& stored, PutOutcome& outcome) {
    const IdEntry old = slot.entry;
    if (mode_ == PutMode::planned && stored.event.schedule_revision < item.schedule_revision) {
      if (!group.claim(item.id)) return false;
      group.drop_pending(old.due, old.moved);
      create(group, slot, item, group.ledger().sequences.next(), outcome);
      return true;
    }
    if (mode_ != PutMode::from_far_store || old.due.run.tier != Tier::far) return false;
    group.drop_pending(old.due, old.moved);
    if (stored.event.revision <= item.revision) {
      create(group, slot, item, old.due.place.sequence, outcome);
    } else {
      bring_near(group, slot, stored, outcome);
    }
    return true;
  }

  // It was changed after the transfer had read it: what moves is what is stored now.
  void bring_near(Group& group, Slot& slot, const StoredEvent& stored, PutOutcome& outcome) {
    const IdEntry old = slot.entry;
    std::string value(stored.event.id.view());
    pack(stored.event, State::pending, tier_, Outcome{}, value);
    const DueKey key{.run = run_of(tier_, shard_of(slot.id, shards_), stored.event.priority),
                     .place = {.fire_at = to_micros(stored.event.fire_at), .sequence = old.due.place.sequence}};
    group.put_pending(slot, key, old.moved, group.keep(std::move(value)));
    outcome = PutOutcome{.result = PutResult::created, .existing = std::nullopt, .sequence = key.place.sequence};
  }

  const Tier tier_;
  const PutMode mode_;
  const uint32_t shards_;
  Done<std::vector<PutOutcome>> done_;
  std::vector<Item> items_;
  std::string records_;
  std::vector<PutOutcome> outcomes_;
};

}  // namespace

uint32_t shard_of(const EventId& id, uint32_t shards) {
  return shards <= 1 ? 0 : static_cast<uint32_t>(stable_hash(id.view()) % shards);
}

std::unique_ptr<Request> put_request(std::vector<Event> events, Tier tier, PutMode mode, uint32_t shards,
                                     Done<std::vector<PutOutcome>> done) {
  return std::make_unique<PutRequest>(std::move(events), tier, mode, shards, std::move(done));
}

}  // namespace schedules::rocks
