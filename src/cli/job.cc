#include "cli/job.h"

#include <boost/json.hpp>

#include "cli/json_text.h"
#include "cli/output.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

bool is_running(const json::object& job) { return text_at(job, "state") == "running"; }

Result<json::object> job_of(const Result<Reply>& reply) {
  if (!reply) return fail(reply.error());
  auto answer = parse_answer(reply->body);
  if (!answer) return fail(std::move(answer.error()));
  if (!answer->is_object()) return fail(Code::invalid_json, "the server's answer is no job");
  return std::move(answer->get_object());
}

}  // namespace

int run_job(Client& client, const std::string& path, const json::object& body, Output output) {
  auto job = job_of(client.send({.method = "POST", .path = path, .body = json::serialize(body)}));
  auto pause = std::chrono::milliseconds(50);
  while (job && is_running(*job)) {
    pause_for(pause);
    pause = std::min(pause * 2, std::chrono::milliseconds(1000));
    job = job_of(client.send({.path = "/api/v1/jobs/" + escaped(text_at(*job, "id"))}));
  }
  if (!job) return report(job.error());
  if (output == Output::json) {
    print_json(*job);
  } else {
    print_object(*job);
  }
  return text_at(*job, "state") == "failed" || number_at(*job, "failed") > 0 ? kFailed : kDone;
}

}  // namespace schedules::cli
