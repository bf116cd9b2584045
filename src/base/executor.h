// Where work runs. Production gives threads; tests and the simulator run the same work inline and in order.
#pragma once

#include <functional>
#include <memory>
#include <string>

namespace schedules {

using Task = std::move_only_function<void()>;

class Executor {
 public:
  virtual ~Executor() = default;
  /// Thread-safe; runs the tasks of one executor in order of posting, one at a time.
  virtual void post(Task task) = 0;
};

/// One thread with an unbounded queue (its callers bound what they have under way). The destructor runs
/// what is queued, then joins. `nice`: how far it stands back for other threads where processors are busy, 0 to 19.
std::unique_ptr<Executor> thread_executor(std::string name, int nice = 0);

/// Runs each task at once, in the caller.
class InlineExecutor final : public Executor {
 public:
  void post(Task task) override { task(); }
};

/// Names the calling thread for debuggers and `top -H`; at most 15 characters are kept.
void name_this_thread(const std::string& name);

}  // namespace schedules
