#include "store/rocksdb/ledger.h"

#include <rocksdb/write_batch.h>

#include "base/codec.h"
#include "store/rocksdb/meta.h"

namespace schedules::rocks {
namespace {

constexpr uint64_t kSequenceBlock = 1U << 20U;
constexpr int64_t kBuckets = 24;
constexpr int64_t kNarrowestBucketUs = 1'000'000;

std::string bucket_key(const std::pair<Tier, int64_t>& bucket) {
  std::string key(1, static_cast<char>(bucket.first));
  append_be64(key, ordered(bucket.second));
  return key;
}

}  // namespace

Remembered::Remembered(std::chrono::seconds window)
    : window_us_(Duration(window).count()), width_us_(std::max(window_us_ / kBuckets, kNarrowestBucketUs)) {}

Status Remembered::load(const Database::Reading& reading) {
  std::map<Bucket, uint64_t> loaded;
  auto read = each_meta(reading, kMetaRemembered, [&](std::string_view key, std::string_view value) {
    if (key.size() != 9 || static_cast<uint8_t>(key[0]) > 1) return false;
    Reader in(value);
    loaded[{static_cast<Tier>(key[0]), from_ordered(read_be64(key.substr(1)))}] = in.varint();
    return in.ok();
  });
  if (!read) return read;
  const std::scoped_lock lock(mutex_);
  buckets_ = std::move(loaded);
  changes_.clear();
  return {};
}

void Remembered::change(Tier tier, int64_t expires_at, int64_t by) {
  const int64_t end = (expires_at / width_us_ + 1) * width_us_;
  changes_[{tier, end}] += by;
}

bool Remembered::something_passed(TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::any_of(buckets_, [&](const auto& bucket) { return bucket.first.second <= to_micros(now); });
}

void Remembered::forget(TimePoint now, rocksdb::WriteBatch& batch) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(buckets_, [&](const auto& bucket) {
    if (bucket.first.second > to_micros(now)) return false;
    drop_meta(batch, kMetaRemembered, bucket_key(bucket.first));
    return true;
  });
}

void Remembered::stage(rocksdb::WriteBatch& batch) {
  const std::scoped_lock lock(mutex_);
  for (const auto& [bucket, change] : changes_) {
    const auto found = buckets_.find(bucket);
    const int64_t before = found == buckets_.end() ? 0 : static_cast<int64_t>(found->second);
    std::string value;
    Writer(value).varint(static_cast<uint64_t>(std::max<int64_t>(before + change, 0)));
    put_meta(batch, kMetaRemembered, bucket_key(bucket), value);
  }
}

void Remembered::commit() {
  const std::scoped_lock lock(mutex_);
  for (const auto& [bucket, change] : changes_) {
    auto& count = buckets_[bucket];
    count = static_cast<uint64_t>(std::max<int64_t>(static_cast<int64_t>(count) + change, 0));
  }
  changes_.clear();
}

uint64_t Remembered::count(Tier tier, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  uint64_t sum = 0;
  for (const auto& [bucket, count] : buckets_) {
    if (bucket.first == tier && bucket.second > to_micros(now)) sum += count;
  }
  return sum;
}

Status Sequences::load(const Database::Reading& reading) {
  return each_meta(reading, kMetaSequence, [&](std::string_view key, std::string_view value) {
    if (!key.empty() || value.size() != 8) return false;
    next_ = std::max(next_, read_be64(value));
    reserved_ = next_;
    staged_ = next_;
    return true;
  });
}

void Sequences::stage(rocksdb::WriteBatch& batch) {
  if (next_ <= reserved_) return;
  staged_ = next_ + kSequenceBlock;
  put_meta(batch, kMetaSequence, "", view(be64(staged_)));
}

Status TailBounds::load(const Database::Reading& reading) {
  TailRange loaded;
  auto read = each_meta(reading, kMetaTail, [&](std::string_view key, std::string_view value) {
    if (!key.empty() || value.size() != 16) return false;
    loaded = TailRange{.first = read_be64(value), .last = read_be64(value.substr(8))};
    return true;
  });
  if (!read) return read;
  const std::scoped_lock lock(mutex_);
  committed_ = loaded;
  touched_ = false;
  return {};
}

TailRange TailBounds::committed() const {
  const std::scoped_lock lock(mutex_);
  return committed_;
}

TailRange& TailBounds::draft() {
  if (!touched_) draft_ = committed();
  touched_ = true;
  return draft_;
}

void TailBounds::stage(rocksdb::WriteBatch& batch) {
  if (!touched_) return;
  std::string value;
  append_be64(value, draft_.first);
  append_be64(value, draft_.last);
  put_meta(batch, kMetaTail, "", value);
}

void TailBounds::commit() {
  const std::scoped_lock lock(mutex_);
  if (touched_) committed_ = draft_;
  touched_ = false;
}

Status Ledger::load(const Database::Reading& reading) {
  if (auto loaded = runs.load(reading); !loaded) return loaded;
  if (auto loaded = remembered.load(reading); !loaded) return loaded;
  if (auto loaded = sequences.load(reading); !loaded) return loaded;
  return tail.load(reading);
}

void Ledger::stage(rocksdb::WriteBatch& batch) {
  runs.stage(batch);
  remembered.stage(batch);
  sequences.stage(batch);
  tail.stage(batch);
}

void Ledger::commit() {
  runs.commit();
  remembered.commit();
  sequences.commit();
  tail.commit();
}

void Ledger::abort() {
  runs.abort();
  remembered.abort();
  tail.abort();
}

}  // namespace schedules::rocks
