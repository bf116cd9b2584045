#include "store/rocksdb/run_table.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "base/check.h"
#include "base/codec.h"
#include "store/rocksdb/meta.h"

namespace schedules::rocks {
namespace {

constexpr uint64_t kWornRemovals = 1024;

}  // namespace

RunTable::RunTable(uint32_t shards) : shards_(shards), runs_(size_t{shards} * kClasses + 1) {}

size_t RunTable::index_of(const RunId& run) const {
  if (run.tier == Tier::far) return runs_.size() - 1;
  return size_t{run.shard} * kClasses + run.priority_class;
}

RunId RunTable::run_at(size_t index) const {
  if (index + 1 == runs_.size()) return RunId{.tier = Tier::far};
  return RunId{.tier = Tier::near,
               .shard = static_cast<uint32_t>(index / kClasses),
               .priority_class = static_cast<uint32_t>(index % kClasses)};
}

Status RunTable::load(const Database::Reading& reading) {
  std::vector<Run> loaded(runs_.size());
  auto read = each_meta(reading, kMetaRun, [&](std::string_view key, std::string_view value) {
    const auto due_key = std::string(key) + std::string(16, '\0');
    const auto at = read_due_key(due_key);
    if (!at || at->run.shard >= shards_) return false;
    Reader in(value);
    auto& run = loaded[index_of(at->run)];
    run.pending = in.varint();
    run.moved = in.varint();
    run.from.fire_at = in.svarint();
    run.from.sequence = in.varint();
    return in.ok() && in.at_end();
  });
  if (!read) return read;
  const std::scoped_lock lock(mutex_);
  runs_ = std::move(loaded);
  touched_.clear();
  worn_.clear();
  return {};
}

RunTable::Run& RunTable::touch(const RunId& run) {
  const size_t index = index_of(run);
  auto& touched = runs_[index];
  if (!touched.touched) {
    touched.touched = true;
    touched_.push_back(index);
  }
  return touched;
}

void RunTable::add(const RunId& run, const Place& place, bool moved) {
  auto& changed = touch(run);
  ++changed.pending_change;
  changed.moved_change += moved ? 1 : 0;
  if (!changed.lowest_added || place < *changed.lowest_added) changed.lowest_added = place;
}

void RunTable::remove(const RunId& run, bool moved) {
  auto& changed = touch(run);
  --changed.pending_change;
  ++changed.removed;
  changed.moved_change -= moved ? 1 : 0;
}

void RunTable::stage(rocksdb::WriteBatch& batch) {
  const std::scoped_lock lock(mutex_);
  std::string value;
  for (const size_t index : touched_) {
    auto& run = runs_[index];
    if (run.lowest_added && (run.pending == 0 || *run.lowest_added < run.from)) run.from = *run.lowest_added;
    value.clear();
    schedules::Writer out(value);
    const int64_t pending = static_cast<int64_t>(run.pending) + run.pending_change;
    const int64_t moved = static_cast<int64_t>(run.moved) + run.moved_change;
    CHECK(pending >= 0);
    out.varint(static_cast<uint64_t>(pending));
    out.varint(static_cast<uint64_t>(std::max<int64_t>(moved, 0)));
    out.svarint(run.from.fire_at);
    out.varint(run.from.sequence);
    put_meta(batch, kMetaRun, view(run_prefix(run_at(index))), value);
  }
}

void RunTable::commit() {
  const std::scoped_lock lock(mutex_);
  for (const size_t index : touched_) {
    auto& run = runs_[index];
    run.pending = static_cast<uint64_t>(static_cast<int64_t>(run.pending) + run.pending_change);
    run.moved = static_cast<uint64_t>(std::max<int64_t>(static_cast<int64_t>(run.moved) + run.moved_change, 0));
    run.removed_since_raise += run.removed;
    if (run.removed_since_raise >= kWornRemovals) {
      run.removed_since_raise = 0;
      if (run.pending > 0) worn_.push_back(run_at(index));
    }
    run = Run{
        .pending = run.pending, .moved = run.moved, .removed_since_raise = run.removed_since_raise, .from = run.from};
  }
  touched_.clear();
}

void RunTable::abort() {
  const std::scoped_lock lock(mutex_);
  for (const size_t index : touched_) {
    auto& run = runs_[index];
    run = Run{
        .pending = run.pending, .moved = run.moved, .removed_since_raise = run.removed_since_raise, .from = run.from};
  }
  touched_.clear();
}

void RunTable::raise(const RunId& run, const Place& first) {
  const std::scoped_lock lock(mutex_);
  auto& raised = runs_[index_of(run)];
  raised.from = std::max(raised.from, first);
}

void RunTable::append_scan(std::vector<Scan>& scans, size_t index) const {
  const auto& run = runs_[index];
  if (run.pending == 0) return;
  scans.push_back(Scan{.run = run_at(index), .from = run.from, .has_moved = run.moved > 0});
}

std::vector<RunTable::Scan> RunTable::scans(Tier tier) const {
  std::vector<Scan> scans;
  const std::scoped_lock lock(mutex_);
  if (tier == Tier::far) {
    append_scan(scans, runs_.size() - 1);
  } else {
    for (size_t i = 0; i + 1 < runs_.size(); ++i) append_scan(scans, i);
  }
  return scans;
}

std::vector<RunTable::Scan> RunTable::scans_of_shard(uint32_t shard) const {
  std::vector<Scan> scans;
  if (shard >= shards_) return scans;
  const std::scoped_lock lock(mutex_);
  for (size_t i = 0; i < kClasses; ++i) append_scan(scans, size_t{shard} * kClasses + i);
  return scans;
}

std::optional<RunTable::Scan> RunTable::scan(const RunId& run) const {
  std::vector<Scan> scans;
  const std::scoped_lock lock(mutex_);
  append_scan(scans, index_of(run));
  return scans.empty() ? std::nullopt : std::optional(scans.front());
}

uint64_t RunTable::pending(Tier tier) const {
  const std::scoped_lock lock(mutex_);
  if (tier == Tier::far) return runs_.back().pending;
  uint64_t sum = 0;
  for (size_t i = 0; i + 1 < runs_.size(); ++i) sum += runs_[i].pending;
  return sum;
}

}  // namespace schedules::rocks
