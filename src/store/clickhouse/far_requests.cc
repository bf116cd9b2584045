#include "store/clickhouse/far_requests.h"

namespace schedules {
namespace {

size_t bytes_of(const std::vector<Event>& events) {
  size_t bytes = events.size() * sizeof(Event);
  for (const auto& event : events) bytes += event.body.size();
  return bytes;
}

class Put final : public FarRequest {
 public:
  Put(std::vector<Event> events, Done<std::vector<PutOutcome>> done)
      : events_(std::move(events)), bytes_(bytes_of(events_)), done_(std::move(done)) {}

  void ids(std::vector<EventId>& out) const override {
    for (const auto& event : events_) out.push_back(event.id);
  }
  [[nodiscard]] size_t count() const override { return events_.size(); }
  [[nodiscard]] size_t bytes() const override { return bytes_; }
  void apply(FarGroup& group) override {
    outcomes_.reserve(events_.size());
    for (auto& event : events_) outcomes_.push_back(group.put(std::move(event)));
  }
  void answer(const FarGroup*, const Status& written) override {
    if (!written) return done_(fail(written.error()));
    done_(std::move(outcomes_));
  }

 private:
  std::vector<Event> events_;
  const size_t bytes_;
  Done<std::vector<PutOutcome>> done_;
  std::vector<PutOutcome> outcomes_;
};

/// What cancel and change have in common: an answer that another node's write may overrule.
class Changing : public FarRequest {
 public:
  explicit Changing(Done<std::vector<Changed>> done) : done_(std::move(done)) {}

  void answer(const FarGroup* group, const Status& written) override {
    if (!written) return done_(fail(written.error()));
    std::vector<EventId> all;
    ids(all);
    for (size_t i = 0; i < changed_.size(); ++i) {
      if (changed_[i].result != ChangeResult::done) continue;
      if (auto lost = group->lost(all[i])) changed_[i] = std::move(*lost);
    }
    done_(std::move(changed_));
  }

 protected:
  std::vector<Changed> changed_;

 private:
  Done<std::vector<Changed>> done_;
};

class Cancel final : public Changing {
 public:
  Cancel(std::vector<CancelRequest> wanted, Done<std::vector<Changed>> done)
      : Changing(std::move(done)), wanted_(std::move(wanted)) {}

  void ids(std::vector<EventId>& out) const override {
    for (const auto& one : wanted_) out.push_back(one.id);
  }
  [[nodiscard]] size_t count() const override { return wanted_.size(); }
  [[nodiscard]] size_t bytes() const override { return wanted_.size() * sizeof(CancelRequest); }
  void apply(FarGroup& group) override {
    for (const auto& one : wanted_) changed_.push_back(group.cancel(one));
  }

 private:
  std::vector<CancelRequest> wanted_;
};

class Change final : public Changing {
 public:
  Change(std::vector<Event> events, Done<std::vector<Changed>> done)
      : Changing(std::move(done)), events_(std::move(events)) {}

  void ids(std::vector<EventId>& out) const override {
    for (const auto& event : events_) out.push_back(event.id);
  }
  [[nodiscard]] size_t count() const override { return events_.size(); }
  [[nodiscard]] size_t bytes() const override { return bytes_of(events_); }
  void apply(FarGroup& group) override {
    for (const auto& event : events_) changed_.push_back(group.change(event));
  }

 private:
  std::vector<Event> events_;
};

class Mark final : public FarRequest {
 public:
  Mark(std::vector<FarRevision> moved, Done<void> done) : moved_(std::move(moved)), done_(std::move(done)) {}

  void ids(std::vector<EventId>& out) const override {
    for (const auto& one : moved_) out.push_back(one.id);
  }
  [[nodiscard]] size_t count() const override { return moved_.size(); }
  [[nodiscard]] size_t bytes() const override { return moved_.size() * sizeof(FarRevision); }
  void apply(FarGroup& group) override {
    for (const auto& one : moved_) group.mark_transferred(one);
  }
  void answer(const FarGroup*, const Status& written) override { done_(written); }

 private:
  std::vector<FarRevision> moved_;
  Done<void> done_;
};

class Tidy final : public FarRequest {
 public:
  Tidy(std::vector<EventId> ids, Done<void> done) : ids_(std::move(ids)), done_(std::move(done)) {}

  void ids(std::vector<EventId>& out) const override { out.insert(out.end(), ids_.begin(), ids_.end()); }
  [[nodiscard]] size_t count() const override { return ids_.size(); }
  [[nodiscard]] size_t bytes() const override { return ids_.size() * sizeof(EventId); }
  void apply(FarGroup& group) override {
    for (const auto& id : ids_) group.close_strays(id);
  }
  void answer(const FarGroup*, const Status& written) override { done_(written); }

 private:
  std::vector<EventId> ids_;
  Done<void> done_;
};

}  // namespace

FarRequestPtr far_tidy(std::vector<EventId> ids, Done<void> done) {
  return std::make_unique<Tidy>(std::move(ids), std::move(done));
}
FarRequestPtr far_put(std::vector<Event> events, Done<std::vector<PutOutcome>> done) {
  return std::make_unique<Put>(std::move(events), std::move(done));
}
FarRequestPtr far_cancel(std::vector<CancelRequest> wanted, Done<std::vector<Changed>> done) {
  return std::make_unique<Cancel>(std::move(wanted), std::move(done));
}
FarRequestPtr far_change(std::vector<Event> events, Done<std::vector<Changed>> done) {
  return std::make_unique<Change>(std::move(events), std::move(done));
}
FarRequestPtr far_mark(std::vector<FarRevision> moved, Done<void> done) {
  return std::make_unique<Mark>(std::move(moved), std::move(done));
}

}  // namespace schedules
