#include "api/jobs.h"

#include "api/json/writer.h"
#include "api/problem.h"
#include "base/ids.h"

namespace schedules::api {

bool Job::finished() const {
  const std::scoped_lock lock(mutex_);
  return finished_at_.has_value();
}

void Job::match(uint64_t count) {
  const std::scoped_lock lock(mutex_);
  matched_ += count;
}

void Job::succeed() {
  const std::scoped_lock lock(mutex_);
  ++succeeded_;
}

void Job::skip() {
  const std::scoped_lock lock(mutex_);
  ++skipped_;
}

void Job::fail_one(const Error& error) {
  const std::scoped_lock lock(mutex_);
  ++failed_;
  if (errors_.size() < kMaxJobErrors) errors_.push_back(error);
}

void Job::truncate() {
  const std::scoped_lock lock(mutex_);
  truncated_ = true;
}

void Job::finish(TimePoint at) {
  const std::scoped_lock lock(mutex_);
  finished_at_ = at;
}

void Job::abort(const Error& error, TimePoint at) {
  const std::scoped_lock lock(mutex_);
  aborted_ = error;
  finished_at_ = at;
}

void Job::append_json(std::string& text) const {
  const std::scoped_lock lock(mutex_);
  json::Writer out(text);
  const std::string_view state = !finished_at_ ? "running" : aborted_ ? "failed" : "done";
  out.open('{').field("id", id_).field("kind", kind_).field("state", state);
  out.key("dry_run").boolean(dry_run());
  out.key("matched").number(matched_).key("succeeded").number(succeeded_);
  out.key("skipped").number(skipped_).key("failed").number(failed_);
  out.key("truncated").boolean(truncated_);
  out.key("errors").open('[');
  for (const auto& error : errors_) append_item_error(text, error), text += ',';
  if (text.back() == ',') text.pop_back();
  out.close(']').key("error");
  if (aborted_) {
    append_item_error(text, *aborted_);
  } else {
    out.null();
  }
  out.field("created_at", created_at_).field("finished_at", finished_at_).close('}');
}

Result<std::shared_ptr<Job>> Jobs::start(std::string kind, DryRun dry_run, TimePoint now, Random& random) {
  const std::scoped_lock lock(mutex_);
  const auto running = std::ranges::count_if(jobs_, [](const auto& job) { return !job->finished(); });
  if (static_cast<size_t>(running) >= kMaxJobsRunning)
    return fail(Code::overloaded, "{} jobs are under way; wait for one to end", running);
  if (jobs_.size() >= kMaxJobs)
    jobs_.erase(std::ranges::find_if(jobs_, [](const auto& job) { return job->finished(); }));
  jobs_.push_back(std::make_shared<Job>(random_id(random).text(), std::move(kind), dry_run, now));
  return jobs_.back();
}

std::shared_ptr<Job> Jobs::find(std::string_view id) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& job : jobs_)
    if (job->id() == id) return job;
  return nullptr;
}

}  // namespace schedules::api
