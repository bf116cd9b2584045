#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "base/codec.h"
#include "store/rocksdb/request.h"
#include "store/rocksdb/slice.h"
#include "store/rocksdb/tail_messages.h"

namespace schedules::rocks {
namespace {

class AppendTail final : public Request {
 public:
  AppendTail(const std::vector<TailMessage>& messages, Done<uint64_t> done) : done_(std::move(done)) {
    durable_ = false;
    values_.reserve(messages.size());
    for (const auto& message : messages) {
      values_.push_back(pack_tail(message));
      bytes_ += values_.back().size();
    }
  }

  Status apply(Group& group, size_t) override {
    auto& range = group.ledger().tail.draft();
    first_ = range.last + 1;
    for (const auto& value : values_) {
      const auto status =
          group.batch().Put(group.reading().family(Family::tail), slice(view(be64(++range.last))), slice(value));
      if (!status.ok()) return fail(to_error(status, "appending to the tail"));
    }
    if (range.first == 0 && !values_.empty()) range.first = first_;
    return {};
  }

  void answer(const Status& written) override {
    if (!written) return done_(fail(written.error()));
    done_(first_);
  }

 private:
  std::vector<std::string> values_;
  Done<uint64_t> done_;
  uint64_t first_ = 0;
};

class TrimTail final : public Request {
 public:
  TrimTail(TimePoint before, uint64_t keep, Done<void> done) : before_(before), keep_(keep), done_(std::move(done)) {
    durable_ = false;
  }

  Status apply(Group& group, size_t) override {
    // The messages of this very group are newer than anything a trim is after.
    const TailRange stored = group.ledger().tail.committed();
    if (stored.first == 0 || stored.first > stored.last) return {};
    const uint64_t kept_by_count = stored.last - stored.first >= keep_ ? stored.last - keep_ + 1 : stored.first;
    auto young = first_not_before(group.reading(), stored);
    if (!young) return fail(young.error());
    const uint64_t first = std::max(kept_by_count, *young);
    if (first <= stored.first) return {};
    const auto status = group.batch().DeleteRange(group.reading().family(Family::tail), slice(view(be64(stored.first))),
                                                  slice(view(be64(first))));
    if (!status.ok()) return fail(to_error(status, "trimming the tail"));
    group.ledger().tail.draft().first = first;
    return {};
  }

  void answer(const Status& written) override { done_(written); }

 private:
  // Messages are appended as they are fired, so their times grow with their sequences.
  [[nodiscard]] Result<uint64_t> first_not_before(const Database::Reading& reading, const TailRange& stored) const {
    uint64_t low = stored.first;
    uint64_t high = stored.last + 1;
    while (low < high) {
      const uint64_t middle = low + (high - low) / 2;
      auto messages = read_tail_from(reading, middle, 1);
      if (!messages) return fail(messages.error());
      if (messages->empty() || messages->front().at >= before_) {
        high = middle;
      } else {
        low = messages->front().sequence + 1;
      }
    }
    return low;
  }

  const TimePoint before_;
  const uint64_t keep_;
  Done<void> done_;
};

}  // namespace

std::string pack_tail(const TailMessage& message) {
  std::string value;
  append_be64(value, ordered(to_micros(message.at)));
  schedules::Writer out(value);
  out.text(message.topic);
  out.text(message.message);
  out.text(message.headers);
  return value;
}

std::optional<TailMessage> unpack_tail(uint64_t sequence, std::string_view value) {
  if (value.size() < 8) return std::nullopt;
  TailMessage message{.sequence = sequence, .at = from_micros(from_ordered(read_be64(value)))};
  Reader in(value.substr(8));
  message.topic = in.text();
  message.message = in.text();
  message.headers = in.text();
  if (!in.ok() || !in.at_end()) return std::nullopt;
  return message;
}

Result<std::vector<TailMessage>> read_tail_from(const Database::Reading& reading, uint64_t from, size_t limit) {
  std::vector<TailMessage> messages;
  const std::unique_ptr<rocksdb::Iterator> it(
      reading.db().NewIterator(rocksdb::ReadOptions(), reading.family(Family::tail)));
  for (it->Seek(slice(view(be64(from)))); it->Valid() && messages.size() < limit; it->Next()) {
    const auto sequence = read_be64({it->key().data(), it->key().size()});
    auto message = unpack_tail(sequence, {it->value().data(), it->value().size()});
    if (!message) return fail(Code::corrupt, "message {} of the tail cannot be read", sequence);
    messages.push_back(std::move(*message));
  }
  if (!it->status().ok()) return fail(to_error(it->status(), "reading the tail"));
  return messages;
}

std::unique_ptr<Request> append_tail_request(std::vector<TailMessage> messages, Done<uint64_t> done) {
  return std::make_unique<AppendTail>(messages, std::move(done));
}

std::unique_ptr<Request> trim_tail_request(TimePoint before, uint64_t keep, Done<void> done) {
  return std::make_unique<TrimTail>(before, keep, std::move(done));
}

}  // namespace schedules::rocks
