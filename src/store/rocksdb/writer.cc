#include "store/rocksdb/writer.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include "base/log.h"
#include "store/rocksdb/run_cursor.h"
#include "store/rocksdb/slice.h"

namespace schedules::rocks {
namespace {

constexpr size_t kGroupBytes = size_t{4} << 20U;
constexpr size_t kGroupRequests = 1024;
constexpr size_t kKeptBatchBytes = size_t{8} << 20U;
constexpr std::chrono::milliseconds kRetryAfter{100};

}  // namespace

Writer::Writer(Database& database, Ledger& ledger, const Clock& clock, Executor& refusals, Limits limits)
    : database_(database),
      ledger_(ledger),
      clock_(clock),
      refusals_(refusals),
      limits_(limits),
      batch_(std::make_unique<rocksdb::WriteBatch>()),
      thread_(thread_executor("rocks-writer")) {
  thread_->post([this] { run(); });
}

Writer::~Writer() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.reset();
  if (broken_) return;  // RocksDB takes a sync after a failed write for a bug of the caller
  if (auto synced = database_.sync(); !synced) log::warn("rocksdb.close", {{"error", synced.error().detail}});
}

void Writer::submit(std::unique_ptr<Request> request) {
  Code refused = Code::overloaded;
  {
    const std::scoped_lock lock(mutex_);
    const bool full = queue_.size() >= limits_.queue_requests ||
                      (!queue_.empty() && queued_bytes_ + request->bytes() > limits_.queue_bytes);
    if (stopping_) {
      refused = Code::shutting_down;
    } else if (!full || request->always_taken()) {
      queued_bytes_ += request->bytes();
      queue_.push_back(std::move(request));
    }
  }
  if (!request) return wake_.notify_one();
  refusals_.post([request = std::move(request), refused] {
    request->answer(fail(Error{
        .code = refused,
        .detail = refused == Code::overloaded ? "the event store's write queue is full" : "the event store is closing",
        .retry_after = kRetryAfter}));
  });
}

Writer::Requests Writer::take() {
  Requests taken;
  size_t bytes = 0;
  std::unique_lock lock(mutex_);
  wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  while (!queue_.empty() && taken.size() < kGroupRequests) {
    const size_t size = queue_.front()->bytes();
    if (!taken.empty() && bytes + size > kGroupBytes) break;
    bytes += size;
    taken.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queued_bytes_ -= bytes;
  return taken;
}

void Writer::run() {
  for (auto requests = take(); !requests.empty(); requests = take()) {
    const auto written = write(requests);
    for (auto& request : requests) request->answer(written);
    requests.clear();
    if (written) raise_bounds();
  }
}

Status Writer::write(Requests& requests) {
  if (broken_) {
    if (auto recovered = recover(); !recovered) return recovered;
  }
  auto reading = database_.read();
  if (!reading) {
    broken_ = true;
    return fail(reading.error());
  }
  batch_->Clear();
  Group group(std::move(*reading), ledger_, *batch_, clock_.wall());
  auto written = apply(group, requests);
  if (written) {
    forget_expired(group);
    const bool sync = std::ranges::any_of(requests, [](const auto& request) { return request->durable(); });
    if (group.finish()) {
      written = database_.write(*batch_, sync);
      broken_ = !written;
    }
  }
  if (!written) {
    log::error("rocksdb.write_failed",
               {{"requests", std::to_string(requests.size())}, {"error", written.error().detail}});
    group.abort();
    return written;
  }
  group.commit();
  if (!drop_files_to_.empty()) {
    database_.drop_files(Family::done, "", drop_files_to_);
    drop_files_to_.clear();
  }
  if (batch_->GetDataSize() > kKeptBatchBytes) batch_ = std::make_unique<rocksdb::WriteBatch>();
  return {};
}

Status Writer::apply(Group& group, Requests& requests) {
  std::vector<EventId> ids;
  std::vector<size_t> first;
  first.reserve(requests.size());
  for (const auto& request : requests) {
    first.push_back(ids.size());
    request->ids(ids);
  }
  if (!ids.empty()) {
    if (auto looked_up = group.look_up(ids); !looked_up) return looked_up;
  }
  for (size_t i = 0; i < requests.size(); ++i) {
    if (auto applied = requests[i]->apply(group, first[i]); !applied) return applied;
  }
  return {};
}

Status Writer::recover() {
  const auto revived = database_.revive();
  if (!revived) return fail(revived.error());
  if (*revived == Database::Revived::reopened) {
    if (auto reloaded = reload(); !reloaded) return reloaded;
  }
  broken_ = false;
  log::info("rocksdb.recovered", {});
  return {};
}

// The write that failed may have reached the disk all the same: the figures are read again, and events which it
// settled are not in flight any more.
Status Writer::reload() {
  auto reading = database_.read();
  if (!reading) return fail(reading.error());
  if (auto loaded = ledger_.load(*reading); !loaded) return loaded;
  std::vector<EventId> settled;
  for (const auto& [id, due] : ledger_.in_flight.all()) {
    std::string value;
    const auto status =
        reading->db().Get(rocksdb::ReadOptions(), reading->family(Family::due), slice(view(pack(due))), &value);
    if (status.IsNotFound()) settled.push_back(id);
  }
  ledger_.in_flight.finish_settling(settled);
  return {};
}

void Writer::forget_expired(Group& group) {
  if (!ledger_.remembered.something_passed(group.now())) return;
  ledger_.remembered.forget(group.now(), *batch_);
  const auto end = std::string(view(done_key(to_micros(group.now()), 0)));
  const auto status = batch_->DeleteRange(group.reading().family(Family::done), slice(forgotten_to_), slice(end));
  if (!status.ok()) return log::warn("rocksdb.forget", {{"error", status.ToString()}});
  forgotten_to_ = end;
  drop_files_to_ = end;
}

void Writer::raise_bounds() {
  for (const auto& run : ledger_.runs.take_worn()) {
    const auto scan = ledger_.runs.scan(run);
    if (!scan) continue;
    auto reading = database_.read();
    if (!reading) return;
    RunCursor cursor(*reading, scan->run, scan->from, {});
    if (cursor.valid()) ledger_.runs.raise(run, cursor.place());
  }
}

}  // namespace schedules::rocks
