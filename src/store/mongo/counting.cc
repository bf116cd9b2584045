#include "store/mongo/counting.h"

#include "base/ids.h"
#include "base/log.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Array;
using mongo::Document;
using mongo::Write;

constexpr int kBatchesRemembered = 32;

void keep_newest(std::optional<ExecutionNote>& kept, const ExecutionNote& note) {
  if (!kept || note.at >= kept->at) kept = note;
}

void add_note(ExecutionTally& tally, const ExecutionNote& note) {
  keep_newest(tally.newest, note);
  if (note.status != RunStatus::success && note.status != RunStatus::failure) return;
  ++tally.runs;
  tally.newest_run = std::max(tally.newest_run.value_or(note.at), note.at);
  if (note.status != RunStatus::failure) return;
  ++tally.failures;
  keep_newest(tally.newest_failure, note);
}

// Notes can come late: what is older than the last known execution only counts. Doing it twice does no harm.
Write last_of(const std::string& id, const ExecutionTally& tally) {
  const auto& newest = *tally.newest;
  Document filter{{"_id", mongo::ObjectId{id}}};
  filter.add("$or",
             Array{Document{{"last_execution", nullptr}}, Document{{"last_execution", Document{{"$lte", newest.at}}}}});
  Document set{{"last_status", to_string(newest.status)}};
  if (tally.newest_failure) set.add("last_error", tally.newest_failure->error);
  return {.filter = std::move(filter), .document = {{"$set", set}}};
}

Write counts_of(Document filter, int64_t batch, const ExecutionTally& tally, std::string_view last_execution) {
  filter.add("counted", Document{{"$ne", batch}});
  Document change{{"$inc", Document{{"execution_count", tally.runs}, {"error_count", tally.failures}}},
                  {"$push", Document{{"counted", Document{{"$each", Array{batch}}, {"$slice", -kBatchesRemembered}}}}}};
  if (tally.newest_run) {
    Document most;
    most.add(last_execution, *tally.newest_run);
    if (last_execution == "last_execution") most.add("last_execution_us", to_micros(*tally.newest_run));
    change.add("$max", most);
  }
  return {.filter = std::move(filter), .document = std::move(change)};
}

Status write_batch(mongo::Connection& mongo, int64_t batch, const std::map<std::string, ExecutionTally>& tallies) {
  std::vector<Write> last;
  std::vector<Write> schedules;
  std::vector<Write> definitions;
  for (const auto& [id, tally] : tallies) {
    last.push_back(last_of(id, tally));
    if (tally.runs == 0) continue;
    schedules.push_back(counts_of({{"_id", mongo::ObjectId{id}}}, batch, tally, "last_execution"));
    definitions.push_back(counts_of({{"schedule_id", id}}, batch, tally, "last_execution_at"));
  }
  for (const auto& [collection, writes] : {std::pair(collections::kSchedules, &last),
                                           {collections::kSchedules, &schedules},
                                           {collections::kDefinitions, &definitions}}) {
    const auto done = mongo.write(collection, *writes, mongo::Order::any);
    if (done) continue;
    if (retryable(done.error().code) && done.error().code != Code::io_error) return fail(done.error());
    // One document in which a counter is no number; the others have been written.
    log::error("mongo.not_counted", {{"collection", collection}, {"error", done.error().detail}});
  }
  return {};
}

}  // namespace

void Counting::add(const std::vector<ExecutionNote>& notes, Done<void> done) {
  const std::scoped_lock lock(mutex_);
  for (const auto& note : notes) {
    if (is_object_id(note.schedule_id)) add_note(next_.tallies[note.schedule_id], note);
  }
  next_.waiting.push_back(std::move(done));
}

Status Counting::write(mongo::Connection& mongo) {
  const std::scoped_lock writing(writing_mutex_);
  for (;;) {
    if (!stuck_) {
      const std::scoped_lock lock(mutex_);
      if (next_.waiting.empty()) return {};
      stuck_ = std::exchange(next_, {});
      stuck_->id = static_cast<int64_t>(random_.next() >> 1U);
    }
    if (auto done = write_batch(mongo, stuck_->id, stuck_->tallies); !done) return done;
    auto written = std::exchange(stuck_, std::nullopt);
    for (auto& done : written->waiting) done({});
  }
}

void Counting::give_up(const Error& error) {
  std::vector<Done<void>> waiting;
  size_t schedules = 0;
  {
    const std::scoped_lock lock(writing_mutex_, mutex_);
    for (auto* batch : {stuck_ ? &*stuck_ : nullptr, &next_}) {
      if (batch == nullptr) continue;
      schedules += batch->tallies.size();
      std::ranges::move(batch->waiting, std::back_inserter(waiting));
      batch->waiting.clear();
      batch->tallies.clear();
    }
    stuck_.reset();
  }
  if (schedules > 0) log::warn("mongo.counts_lost", {{"schedules", std::to_string(schedules)}});
  for (auto& done : waiting) done(fail(error));
}

}  // namespace schedules
