// What is recorded, copied for readers of the original's collection as well.
#pragma once

#include "engine/ports.h"
#include "store/mongo/execution_copies.h"

namespace schedules {

class CopiedLog final : public ExecutionLog {
 public:
  CopiedLog(ExecutionLog& log, MongoScheduleStore& store) : log_(log), copies_(store) {}
  void record(std::vector<Execution> executions) override {
    copies_.copy(executions);
    log_.record(std::move(executions));
  }
  bool has_room() override { return log_.has_room(); }
  MongoExecutionCopies& copies() { return copies_; }

 private:
  ExecutionLog& log_;
  MongoExecutionCopies copies_;
};

}  // namespace schedules
