#include "redis/request.h"

namespace schedules::redis {
namespace {

constexpr std::string_view kAsking = "*1\r\n$6\r\nASKING\r\n";

std::string encoded(const std::vector<std::string>& words) {
  std::string out;
  append_command(out, words);
  return out;
}

std::vector<std::string> words_of(const Call& call, std::string_view command, const std::string& script) {
  std::vector<std::string> words{std::string(command), script, std::to_string(call.keys.size())};
  words.insert(words.end(), call.keys.begin(), call.keys.end());
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  return words;
}

}  // namespace

std::string Request::bytes() const {
  if (commands.size() == 1) return commands.front();
  std::string out;
  for (const auto& command : commands) out += command;
  return out;
}

std::string Request::bytes_asking() const {
  std::string out;
  for (const auto& command : commands) {
    out += kAsking;
    out += command;
  }
  return out;
}

RequestPtr request_of(const Batch& batch) {
  auto request = std::make_shared<Request>();
  if (!batch.key.empty()) request->slot = slot_of(batch.key);
  for (const auto& words : batch.commands) {
    request->commands.push_back(encoded(words));
    if (!words.empty() && words.front() != "WAIT") request->to_do = request->commands.size();
  }
  return request;
}

RequestPtr request_of(const Call& call) {
  auto request = std::make_shared<Request>();
  request->slot = slot_of(call.keys.front());
  request->commands.push_back(encoded(words_of(call, "EVALSHA", call.script->sha())));
  request->to_do = 1;
  request->with_script = encoded(words_of(call, "EVAL", call.script->text()));
  return request;
}

std::vector<Raw> without_asking(std::vector<Raw> answers) {
  std::vector<Raw> kept;
  for (size_t i = 1; i < answers.size(); i += 2) kept.push_back(std::move(answers[i]));
  return kept;
}

bool nothing_done(const Request& request, const std::vector<Raw>& answers) {
  for (size_t i = 0; i < std::min(request.to_do, answers.size()); ++i) {
    if (meaning_of(answers[i].error).remedy == Remedy::none) return false;
  }
  return true;
}

Result<std::vector<Reply>> replies_of(std::vector<Raw> answers) {
  std::vector<Reply> replies;
  replies.reserve(answers.size());
  for (auto& answer : answers) {
    if (!answer.error.empty()) return fail(error_of(answer.error));
    replies.push_back(std::move(answer.reply));
  }
  return replies;
}

Node node_of(const Address& address, std::string_view info) {
  Node node{.address = address, .run_id = "", .version = "", .replication_id = "", .maxmemory_policy = ""};
  while (!info.empty()) {
    const auto end = info.find("\r\n");
    const auto line = info.substr(0, end);
    info.remove_prefix(end == std::string_view::npos ? info.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto name = line.substr(0, colon);
    const auto value = line.substr(colon + 1);
    if (name == "run_id") node.run_id = value;
    if (name == "redis_version") node.version = value;
    if (name == "master_replid") node.replication_id = value;
    if (name == "maxmemory_policy") node.maxmemory_policy = value;
  }
  return node;
}

}  // namespace schedules::redis
