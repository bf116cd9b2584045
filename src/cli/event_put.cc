#include "cli/event_put.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/event_file.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "time/text.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

struct EventPutOptions {
  EventFileOptions file;
  DueOptions due;
  std::string topic, action, entity_type = "event", entity_id, key, body, webhook, target, idempotency_key;
  std::string correlation_id, actor_type, actor_id, max_delay, retry_delay;
  std::optional<int> priority, max_retries;
  std::vector<std::string> headers, tags;
};

Status add_seconds(json::object& body, const char* name, const std::string& text) {
  if (text.empty()) return {};
  const auto duration = parse_duration(text);
  if (!duration) return fail_field(Code::invalid_argument, name, "{}", duration.error().detail);
  body[name] = std::chrono::duration_cast<std::chrono::seconds>(*duration).count();
  return {};
}

Status add_target(json::object& body, const EventPutOptions& options) {
  if (!options.webhook.empty()) body["target"] = json::object{{"type", "webhook"}, {"url", options.webhook}};
  if (options.target.empty()) return {};
  if (!options.webhook.empty()) return fail(Code::invalid_argument, "--webhook and --target exclude each other");
  body["target"] = json::object{{"type", options.target}};
  return {};
}

Result<json::object> body_of(const EventPutOptions& options) {
  json::object body;
  const auto text = [&](const char* name, const std::string& value) {
    if (!value.empty()) body[name] = value;
  };
  text("topic", options.topic);
  text("entity_type", options.entity_type);
  text("entity_id", options.entity_id);
  text("action", options.action);
  text("key", options.key);
  text("idempotency_key", options.idempotency_key);
  text("correlation_id", options.correlation_id);
  text("actor_type", options.actor_type);
  text("actor_id", options.actor_id);
  if (options.priority) body["priority"] = *options.priority;
  if (options.max_retries) body["max_retries"] = *options.max_retries;
  if (!options.tags.empty()) body["tags"] = json::array(options.tags.begin(), options.tags.end());
  if (!options.headers.empty()) {
    auto headers = pairs_argument(options.headers, "--header");
    if (!headers) return fail(std::move(headers.error()));
    body["headers"] = std::move(*headers);
  }
  if (!options.body.empty()) {
    auto content = object_argument(options.body, "--body");
    if (!content) return fail(std::move(content.error()));
    body["body"] = std::move(*content);
  }
  for (const auto& status :
       {options.due.add_to(body), add_target(body, options), add_seconds(body, "max_delay_seconds", options.max_delay),
        add_seconds(body, "retry_delay_seconds", options.retry_delay)}) {
    if (!status) return fail(status.error());
  }
  return body;
}

int put_one(const EventPutOptions& options, const Session& session) {
  if (options.topic.empty() || options.action.empty()) {
    return report_usage("event put needs --topic and --action, or --file");
  }
  auto body = body_of(options);
  if (!body) return body.error().code == Code::io_error ? report(body.error()) : (report(body.error()), kBadUsage);
  auto client = Client::open(session);
  if (!client) return report(client.error());
  const auto reply = client->send({.method = "POST", .path = "/api/v1/events", .body = json::serialize(*body)});
  if (!reply) return report(reply.error());
  if (session.output == Output::json) return print_line(reply->body), kDone;
  const auto answer = parse_answer(reply->body);
  if (!answer || !answer->is_object()) {
    return report({.code = Code::invalid_json, .detail = "the server's answer is no event"});
  }
  const auto& event = answer->get_object();
  print_line(fmt::format("{} {}, due {}", reply->status == 200 ? "was already there:" : "accepted",
                         text_at(event, "id"), text_at(event, "scheduled_at")));
  return kDone;
}

void add_content_options(CLI::App& put, EventPutOptions& options) {
  put.add_option("--topic", options.topic, "where its readers listen")->type_name("T");
  put.add_option("--action", options.action, "what happened or shall happen")->type_name("A");
  put.add_option("--entity-type", options.entity_type, "what it is about")->type_name("TYPE")->capture_default_str();
  put.add_option("--entity-id", options.entity_id, "which one it is about")->type_name("ID");
  put.add_option("--key", options.key, "ordering key: events of one key keep their order")->type_name("KEY");
  put.add_option("--body", options.body, "JSON object, @file or - for stdin")->type_name("JSON");
  put.add_option("--header", options.headers, "header of the fired message; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  put.add_option("--tag", options.tags, "to find it by; may be repeated")->type_name("TAG")->allow_extra_args(false);
  put.add_option("--correlation-id", options.correlation_id, "what it belongs to")->type_name("ID");
  put.add_option("--actor-type", options.actor_type, "who asked for it: user, system, …")->type_name("TYPE");
  put.add_option("--actor-id", options.actor_id, "which one asked for it")->type_name("ID");
  put.add_option("--idempotency-key", options.idempotency_key, "the same key never makes a second event")
      ->type_name("KEY");
}

void add_policy_options(CLI::App& put, EventPutOptions& options) {
  put.add_option("--priority", options.priority, "-9 to 9, higher first")->type_name("N");
  put.add_option("--webhook", options.webhook, "post it to this address")->type_name("URL");
  put.add_option("--target", options.target, "where it goes [setting DEFAULT_TARGET]")
      ->check(CLI::IsMember({"automatic", "stream", "log", "kafka"}))
      ->type_name("stream|log|kafka");
  put.add_option("--max-delay", options.max_delay, "skip it when later than this")->type_name("DURATION");
  put.add_option("--max-retries", options.max_retries, "further attempts after a failed one")->type_name("N");
  put.add_option("--retry-delay", options.retry_delay, "before the first retry, doubled by each")
      ->type_name("DURATION");
}

}  // namespace

Status DueOptions::add_to(json::object& body) const {
  if (!in.empty() && !at.empty()) return fail(Code::invalid_argument, "--in and --at exclude each other");
  if (!in.empty()) {
    const auto delay = parse_duration(in);
    if (!delay) return fail_field(Code::invalid_argument, "--in", "{}", delay.error().detail);
    if (delay->count() % 1'000'000 == 0) {
      body["delay_seconds"] = delay->count() / 1'000'000;
    } else {
      body["delay_seconds"] = static_cast<double>(delay->count()) / 1e6;
    }
    return {};
  }
  if (at.empty()) return fail(Code::missing_field, "a time is needed: --in 90s or --at 2030-01-01T08:00:00Z");
  const auto time = parse_time(at);
  if (!time) return fail_field(Code::invalid_time, "--at", "{}", time.error().detail);
  body["scheduled_at"] = format_time(*time);
  return {};
}

void add_due_options(CLI::App& command, DueOptions& due) {
  command.add_option("--in", due.in, "how long from now, such as 90s or 1h30m")->type_name("DURATION");
  command.add_option("--at", due.at, "when, RFC 3339; without an offset UTC is meant")->type_name("TIME");
}

void add_event_put(CLI::App& group, Session& session) {
  auto options = std::make_shared<EventPutOptions>();
  auto& put = add_command(group, session, "put", "Schedule one event, or a file of them.", [options, &session] {
    return options->file.path.empty() ? put_one(*options, session) : put_file(options->file, session);
  });
  add_due_options(put, options->due);
  add_content_options(put, *options);
  add_policy_options(put, *options);
  auto& file = options->file;
  put.add_option("--file", file.path, "NDJSON: one event a line, with delay_seconds or scheduled_at; - is stdin")
      ->type_name("FILE")
      ->group("Many events");
  put.add_option("--batch", file.batch, "events in one call")
      ->check(CLI::Range(1, 10'000))
      ->type_name("N")
      ->capture_default_str()
      ->group("Many events");
  put.add_option("--from-line", file.from_line, "begin at this line of the file")
      ->check(CLI::PositiveNumber)
      ->type_name("N")
      ->group("Many events");
  add_client_options(put, session);
}

}  // namespace schedules::cli
