#include "ingest/kafka/partition_intake.h"

#include <algorithm>

#include "ingest/kafka/dead_letter.h"

namespace schedules {
namespace {

constexpr size_t kRoundRecords = 500;
constexpr size_t kRoundBytes = 4 * 1024 * 1024;
constexpr std::chrono::milliseconds kFirstBackoff{100};
constexpr std::chrono::milliseconds kLongestBackoff{10'000};

/// Whether the record is to blame, so that no further try will help. Everything else is ours or the store's.
bool is_the_records_fault(Code code) {
  if (retryable(code) || code == Code::unauthenticated || code == Code::forbidden) return false;
  const int status = http_status_of(code);
  return status >= 400 && status < 500;
}

}  // namespace

void PartitionIntake::add(kafka::IncomingRecord record) {
  bytes_ += record.bytes();
  waiting_.push_back(std::move(record));
}

void PartitionIntake::advance(bool further_rounds) {
  while (!busy_) {
    if (resume_at_ && ports_.clock.steady() < *resume_at_) return;
    resume_at_.reset();
    if (round_.empty()) {
      if (waiting_.empty() || !further_rounds) return;
      take_round();
    }
    // Letters after events, so that an event refused by the store is written in the same round.
    if (!send_events() && !send_letters()) finish_round();
  }
}

void PartitionIntake::take_round() {
  size_t bytes = 0;
  while (!waiting_.empty() && round_.size() < kRoundRecords && bytes < kRoundBytes) {
    bytes += waiting_.front().bytes();
    round_.push_back(Item{.record = std::move(waiting_.front())});
    waiting_.pop_front();
  }
}

void PartitionIntake::finish_round() {
  processed_ = round_.back().record.offset;
  for (const auto& item : round_) bytes_ -= item.record.bytes();
  round_.clear();
}

bool PartitionIntake::send_events() {
  std::vector<Event> events;
  Places places;
  const TimePoint now = ports_.clock.wall();
  for (size_t i = 0; i < round_.size(); ++i) {
    auto& item = round_[i];
    if (item.step != Step::event) continue;
    auto event = read_delayed(item.record, ports_.rules, now);
    if (event) {
      events.push_back(std::move(*event));
      places.push_back(i);
    } else {
      item.step = Step::letter;
      item.why = std::move(event.error());
    }
  }
  if (events.empty()) return false;
  busy_ = true;
  auto answer = [mailbox = ports_.mailbox, self = weak_from_this(),
                 places = std::move(places)](Result<std::vector<Accepted>> answers) mutable {
    mailbox->post([self = std::move(self), places = std::move(places), answers = std::move(answers)]() mutable {
      // One that has lost its partition is gone; the next owner reads these records again.
      if (const auto here = self.lock()) here->accepted(places, std::move(answers));
    });
  };
  ports_.events.accept(std::move(events), AcceptOptions{}, std::move(answer));
  return true;
}

void PartitionIntake::accepted(const Places& places, Result<std::vector<Accepted>> answers) {
  if (!answers) return settle(std::move(answers.error()));
  std::optional<Error> trouble;
  for (size_t i = 0; i < places.size(); ++i) {
    auto& item = round_[places[i]];
    auto& answer = (*answers)[i];
    if (!answer.error) {
      item.step = Step::safe;
      ++(answer.result == PutResult::created ? ports_.counts.accepted : ports_.counts.repeated);
    } else if (is_the_records_fault(answer.error->code)) {
      item.step = Step::letter;
      item.why = std::move(*answer.error);
    } else {
      trouble = std::move(answer.error);
    }
  }
  settle(std::move(trouble));
}

bool PartitionIntake::send_letters() {
  std::vector<kafka::OutgoingRecord> letters;
  Places places;
  for (size_t i = 0; i < round_.size(); ++i) {
    const auto& item = round_[i];
    if (item.step != Step::letter) continue;
    letters.push_back(dead_letter(item.record, item.why, ports_.rules.dead_topic, item.with_value));
    places.push_back(i);
  }
  if (letters.empty()) return false;
  busy_ = true;
  ports_.letters(std::move(letters), [mailbox = ports_.mailbox, self = weak_from_this(),
                                      places = std::move(places)](kafka::Produced results) mutable {
    mailbox->post([self = std::move(self), places = std::move(places), results = std::move(results)] {
      if (const auto here = self.lock()) here->written(places, results);
    });
  });
  return true;
}

void PartitionIntake::written(const Places& places, const kafka::Produced& results) {
  std::optional<Error> trouble;
  for (size_t i = 0; i < places.size(); ++i) {
    auto& item = round_[places[i]];
    if (results[i]) {
      item.step = Step::safe;
      ++ports_.counts.dead;
    } else if (results[i].error().code == Code::payload_too_large && item.with_value) {
      item.with_value = false;
    } else {
      trouble = results[i].error();
    }
  }
  settle(std::move(trouble));
}

void PartitionIntake::settle(std::optional<Error> trouble) {
  busy_ = false;
  if (!trouble) {
    backoff_ = std::chrono::milliseconds(0);
    trouble_.reset();
    return;
  }
  const SteadyPoint now = ports_.clock.steady();
  if (!trouble_) trouble_since_ = now;
  backoff_ = std::clamp(backoff_ * 2, kFirstBackoff, kLongestBackoff);
  resume_at_ = now + std::max(backoff_, std::min(trouble->retry_after, kLongestBackoff));
  trouble_ = std::move(trouble);
  ++ports_.counts.retried;
}

}  // namespace schedules
