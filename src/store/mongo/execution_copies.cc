#include "store/mongo/execution_copies.h"

#include <deque>

#include "base/ids.h"
#include "base/log.h"

namespace schedules {
namespace {

using mongo::Document;
using mongo::Value;

constexpr size_t kPerWrite = 500;

Value text_if_any(const std::string& text) { return text.empty() ? Value(nullptr) : Value(text); }

/// Its _id is derived from the execution's own, so that it is there once.
Document document_of(const Execution& execution) {
  std::string id = derived_id("execution:" + execution.id).text();
  std::erase(id, '-');
  const bool published = execution.state != State::skipped;
  return {{"_id", mongo::ObjectId{std::string_view(id).substr(0, 24)}},
          {"schedule_id", execution.schedule_id},
          {"schedule_name", execution.schedule_name},
          {"execution_time", execution.executed_at},
          {"status", to_string(execution.status)},
          {"duration_ms", published ? Value(int64_t{execution.duration.count() / 1000}) : Value(nullptr)},
          {"event_id", execution.event_id.text()},
          {"clickhouse_schedule_id", nullptr},
          {"redis_scheduled", false},
          {"error", text_if_any(execution.error)},
          {"retry_count", execution.attempt > 0 ? execution.attempt - 1 : 0},
          {"node_id", text_if_any(execution.node_id)},
          {"correlation_id", text_if_any(execution.correlation_id)}};
}

Status insert(mongo::Connection& mongo, const std::vector<Document>& documents) {
  std::vector<mongo::Write> writes;
  writes.reserve(documents.size());
  for (const auto& document : documents) writes.push_back({.kind = mongo::Write::Kind::insert, .document = document});
  auto done = mongo.write(collections::kExecutions, writes, mongo::Order::any);
  // Those that are there already have been written by a call whose answer was lost; the others are now.
  if (done || done.error().code == Code::already_exists) return {};
  return fail(std::move(done.error()));
}

}  // namespace

struct MongoExecutionCopies::Waiting {
  std::mutex mutex;
  std::deque<Document> queue;  ///< guarded by mutex
  bool writing = false;        ///< guarded by mutex
  bool closed = false;         ///< guarded by mutex
  uint64_t left_out = 0;       ///< guarded by mutex

  std::vector<Document> take() {
    const std::scoped_lock lock(mutex);
    std::vector<Document> some;
    while (!closed && !queue.empty() && some.size() < kPerWrite) {
      some.push_back(std::move(queue.front()));
      queue.pop_front();
    }
    return some;
  }
  void give_back(std::vector<Document> some) {
    const std::scoped_lock lock(mutex);
    queue.insert(queue.begin(), std::make_move_iterator(some.begin()), std::make_move_iterator(some.end()));
  }
};

MongoExecutionCopies::MongoExecutionCopies(MongoScheduleStore& store)
    : store_(store), waiting_(std::make_shared<Waiting>()) {}

MongoExecutionCopies::~MongoExecutionCopies() {
  const std::scoped_lock lock(waiting_->mutex);
  waiting_->closed = true;
}

void MongoExecutionCopies::copy(const std::vector<Execution>& executions) {
  uint64_t left_out = 0;
  {
    const std::scoped_lock lock(waiting_->mutex);
    for (const auto& execution : executions) {
      if (execution.schedule_id.empty()) continue;
      if (waiting_->queue.size() >= kMostWaiting) {
        ++left_out;
      } else {
        waiting_->queue.push_back(document_of(execution));
      }
    }
    waiting_->left_out += left_out;
  }
  if (left_out > 0) log::warn("mongo.copies_left_out", {{"executions", std::to_string(left_out)}});
  write();
}

void MongoExecutionCopies::write() {
  {
    const std::scoped_lock lock(waiting_->mutex);
    if (waiting_->writing || waiting_->queue.empty()) return;
    waiting_->writing = true;
  }
  store_.client().call<void>(
      "copies",
      [waiting = waiting_, &layout = store_.layout()](mongo::Connection& mongo) -> Status {
        if (auto ready = layout.ensure(mongo); !ready) return ready;
        for (auto some = waiting->take(); !some.empty(); some = waiting->take()) {
          auto done = insert(mongo, some);
          if (done) continue;
          if (done.error().code == Code::unavailable) {
            waiting->give_back(std::move(some));
            return done;
          }
          log::error("mongo.copies_refused",
                     {{"executions", std::to_string(some.size())}, {"error", done.error().detail}});
        }
        return {};
      },
      [waiting = waiting_](const Status&) {
        const std::scoped_lock lock(waiting->mutex);
        waiting->writing = false;
      });
}

uint64_t MongoExecutionCopies::left_out() const {
  const std::scoped_lock lock(waiting_->mutex);
  return waiting_->left_out;
}

}  // namespace schedules
