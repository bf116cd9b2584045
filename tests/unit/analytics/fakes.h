// A store of executions and a spool in memory; calls answer inline, or when the test says so.
#pragma once

#include <deque>
#include <functional>

#include "store/execution_spool.h"
#include "store/execution_store.h"
#include "store/schedule_store.h"

namespace schedules::testing {

inline std::vector<Execution> executions_named(std::initializer_list<std::string> ids) {
  std::vector<Execution> made;
  for (const auto& id : ids) made.push_back({.id = id, .event_id = {}, .schedule_id = "s"});
  return made;
}

inline std::vector<std::string> ids_of(const std::vector<Execution>& executions) {
  std::vector<std::string> ids;
  for (const auto& execution : executions) ids.push_back(execution.id);
  return ids;
}

struct ScriptedStore final : ExecutionStore {
  std::optional<Error> failure;                   ///< what appends answer, if set
  bool takes_although_it_fails = false;           ///< the answer is lost, not the insert
  bool holds = false;                             ///< appends are answered by answer_one()
  std::vector<std::vector<std::string>> appends;  ///< every call
  std::vector<std::string> stored;
  std::deque<std::function<void()>> held;

  void append(ExecutionBatch executions, Done<void> done) override {
    appends.push_back(ids_of(*executions));
    auto answer = [this, ids = appends.back(), done = std::make_shared<Done<void>>(std::move(done))] {
      if (!failure || takes_although_it_fails) stored.insert(stored.end(), ids.begin(), ids.end());
      if (failure) return (*done)(fail(*failure));
      (*done)({});
    };
    if (holds) {
      held.push_back(std::move(answer));
    } else {
      answer();
    }
  }
  void answer_one() {
    auto answer = std::move(held.front());
    held.pop_front();
    answer();
  }
  void find_executions(ExecutionFilter, Done<ExecutionPage> done) override { done(ExecutionPage{}); }
  void stats(ExecutionFilter, Done<ExecutionStats> done) override { done(ExecutionStats{}); }
  void groups(ExecutionFilter, GroupBy, Done<std::vector<ExecutionGroup>> done) override {
    done(std::vector<ExecutionGroup>{});
  }
  void error_patterns(ExecutionFilter, Done<std::vector<ErrorPattern>> done) override {
    done(std::vector<ErrorPattern>{});
  }
  void expire(RetentionCuts, Done<Expired> done) override { done(Expired{}); }
};

struct MemorySpool final : ExecutionSpool {
  std::optional<Error> failure;  ///< what put answers, if set
  std::deque<std::pair<int64_t, std::vector<Execution>>> batches;
  int64_t next = 1;

  void put(const ExecutionBatch& executions, Done<void> done) override {
    if (failure) return done(fail(*failure));
    batches.emplace_back(next++, *executions);
    done({});
  }
  void oldest(size_t limit, Done<SpoolRead> done) override {
    SpoolRead read;
    for (const auto& [seq, batch] : batches) {
      if (!read.batches.empty() && read.executions.size() + batch.size() > limit) break;
      read.batches.push_back(seq);
      read.executions.insert(read.executions.end(), batch.begin(), batch.end());
    }
    done(std::move(read));
  }
  void drop(std::vector<int64_t> dropped, Done<void> done) override {
    std::erase_if(batches, [&](const auto& batch) { return std::ranges::find(dropped, batch.first) != dropped.end(); });
    done({});
  }
  void size(Done<SpoolSize> done) override {
    SpoolSize size;
    for (const auto& [seq, batch] : batches) size.executions += batch.size();
    done(size);
  }
};

struct NotedCounters final : ScheduleCounters {
  size_t noted = 0;
  void note_executions(std::vector<ExecutionNote> notes, Done<void> done) override {
    noted += notes.size();
    done({});
  }
};

}  // namespace schedules::testing
