// The events' front door, in the hands of a test: calls of accept() are held until the test answers them, or answered
// at once from what the test has set. Thread-safe.
#pragma once

#include <deque>
#include <map>
#include <mutex>

#include "base/text.h"
#include "engine/events.h"

namespace schedules::testing {

class HeldEvents final : public Events {
 public:
  struct Call {
    std::vector<Event> events;
    Done<std::vector<Accepted>> done;
  };

  void accept(std::vector<Event> events, AcceptOptions /*options*/, Done<std::vector<Accepted>> done) override {
    std::unique_lock lock(mutex_);
    calls_seen_ += 1;
    calls_.push_back({.events = std::move(events), .done = std::move(done)});
    if (hold_) return;
    lock.unlock();
    answer_all();
  }

  /// From now on calls wait for answer_all().
  void hold() {
    const std::scoped_lock lock(mutex_);
    hold_ = true;
  }
  void release() {
    {
      const std::scoped_lock lock(mutex_);
      hold_ = false;
    }
    answer_all();
  }
  void answer_all() {
    while (auto call = take()) answer(std::move(*call));
  }
  /// While set, every call as a whole fails with it.
  void fail_with(std::optional<Error> error) {
    const std::scoped_lock lock(mutex_);
    failure_ = std::move(error);
  }
  /// What becomes of events with this action.
  void refuse(const std::string& action, std::optional<Error> error) {
    const std::scoped_lock lock(mutex_);
    if (error) {
      refusals_[action] = std::move(*error);
    } else {
      refusals_.erase(action);
    }
  }

  /// Those stored, in order; a second one of an id is not among them.
  [[nodiscard]] std::vector<Event> stored() const {
    const std::scoped_lock lock(mutex_);
    return stored_;
  }
  [[nodiscard]] size_t stored_count() const {
    const std::scoped_lock lock(mutex_);
    return stored_.size();
  }
  [[nodiscard]] size_t repeats() const {
    const std::scoped_lock lock(mutex_);
    return repeats_;
  }
  [[nodiscard]] size_t calls_seen() const {
    const std::scoped_lock lock(mutex_);
    return calls_seen_;
  }
  [[nodiscard]] size_t held() const {
    const std::scoped_lock lock(mutex_);
    return calls_.size();
  }

  void get(EventId, Done<std::optional<StoredEvent>> done) override { done(std::nullopt); }
  void find(FindRequest, Done<EventPage> done) override { done(EventPage{}); }
  void cancel(EventId, std::optional<uint64_t>, std::chrono::milliseconds, Done<ChangeAnswer> done) override {
    done(ChangeAnswer{});
  }
  void change(EventId, std::optional<uint64_t>, Edit, Done<ChangeAnswer> done) override { done(ChangeAnswer{}); }
  void when_ended(EventId, std::chrono::milliseconds, Done<StoredEvent> done) override {
    done(fail(Code::timeout, "nothing ends here"));
  }
  void totals(Done<Totals> done) override { done(Totals{}); }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    done(std::vector<SlotCount>(slots.count));
  }

 private:
  std::optional<Call> take() {
    const std::scoped_lock lock(mutex_);
    if (calls_.empty()) return std::nullopt;
    auto call = std::move(calls_.front());
    calls_.pop_front();
    return call;
  }

  void answer(Call call) {
    std::unique_lock lock(mutex_);
    if (failure_) {
      auto error = *failure_;
      lock.unlock();
      return call.done(fail(std::move(error)));
    }
    std::vector<Accepted> answers;
    for (auto& event : call.events) answers.push_back(put(std::move(event)));
    lock.unlock();
    call.done(std::move(answers));
  }

  Accepted put(Event event) {
    Accepted answer;
    if (event.id == EventId{}) event.id = derived_id("idempotency-key:" + event.idempotency_key);
    auto checked = check(event);
    const auto refusal = refusals_.find(event.action);
    if (refusal != refusals_.end()) {
      answer.error = refusal->second;
    } else if (!checked) {
      answer.error = checked.error();
    } else if (const auto known = ids_.find(event.id); known != ids_.end()) {
      answer.result = known->second == event.body ? PutResult::exists : PutResult::conflict;
      if (answer.result == PutResult::conflict)
        answer.error = Error{.code = Code::idempotency_conflict, .detail = "known"};
      ++repeats_;
    } else {
      ids_.emplace(event.id, event.body);
      stored_.push_back(std::move(event));
    }
    return answer;
  }

  /// Of the real door's checks those that records can run into.
  static Status check(const Event& event) {
    for (const auto* text : {&event.key, &event.entity_type, &event.action, &event.correlation_id}) {
      if (text->size() > kMaxNameChars) return fail_field(Code::too_long, "name", "is too long");
      if (!is_valid_utf8(*text)) return fail_field(Code::invalid_utf8, "name", "is not valid UTF-8");
    }
    return {};
  }

  mutable std::mutex mutex_;
  bool hold_ = false;
  std::deque<Call> calls_;
  std::optional<Error> failure_;
  std::map<std::string, Error> refusals_;
  std::map<EventId, std::string> ids_;  ///< with the body
  std::vector<Event> stored_;
  size_t repeats_ = 0;
  size_t calls_seen_ = 0;
};

}  // namespace schedules::testing
