// The public library: a node without HTTP, behind plain types.
#include "schedules/scheduler.h"

#include <boost/json/parse.hpp>

#include "api/audit/note.h"
#include "app/declared.h"
#include "app/node.h"
#include "base/await.h"
#include "config/load.h"
#include "model/envelope.h"
#include "sink/handler/handler_sink.h"

namespace schedules {
namespace {

Problem problem_of(const Error& error) {
  return Problem{std::string(to_string(error.code)), error.detail, error.field};
}

Event event_of(const NewEvent& given, const Scheduler::Options& options) {
  Event event;
  event.topic = given.topic;
  event.entity_type = given.entity_type;
  event.action = given.action;
  event.body = given.body;
  event.due_at = given.scheduled_at;
  event.correlation_id = given.correlation_id;
  event.entity_id = given.entity_id;
  event.key = given.key;
  event.headers.assign(given.headers.begin(), given.headers.end());
  event.idempotency_key = given.idempotency_key;
  event.priority = static_cast<int8_t>(std::clamp(given.priority, -100, 100));
  event.max_delay = given.max_delay;
  event.max_retries = given.max_retries.value_or(options.max_retries);
  event.retry_delay = given.retry_delay.value_or(options.retry_delay);
  event.source = "library";
  event.target.kind = given.webhook_url.empty() ? TargetKind::handler : TargetKind::webhook;
  event.target.url = given.webhook_url;
  return event;
}

AuditNote library_note(std::string_view action, const Schedule* before, const Schedule* after) {
  return api::schedule_note({.name = "library", .role = std::string(api::kSystemRole)}, action, before, after,
                            SystemClock().wall());
}

Status check_body(const std::string& body) {
  boost::system::error_code error;
  const auto value = boost::json::parse(body, error);
  if (error) return fail_field(Code::invalid_json, "body", "is not valid JSON: {}", error.message());
  if (!value.is_object()) return fail_field(Code::wrong_type, "body", "is not a JSON object");
  return {};
}

FiredEvent fired_of(const Delivery& delivery) {
  const auto& event = delivery.event;
  FiredEvent fired;
  fired.id = event.id.text();
  fired.topic = event.topic;
  fired.key = event.key;
  fired.entity_type = event.entity_type;
  fired.entity_id = event.entity_id;
  fired.action = event.action;
  fired.body = event.body;
  fired.correlation_id = event.correlation_id;
  fired.headers.insert(event.headers.begin(), event.headers.end());
  fired.scheduled_at = event.due_at;
  fired.fired_at = delivery.fired_at;
  fired.attempt = event.attempt + 1;
  fired.schedule_id = event.schedule_id;
  fired.message = fired_message(event, delivery.fired_at);
  return fired;
}

Status status_of(const Handled& handled) {
  switch (handled.verdict) {
    case Handled::Verdict::done:
      return {};
    case Handled::Verdict::retry:
      return fail(Code::unavailable, "{}", handled.error);
    case Handled::Verdict::reject:
      return fail(Code::invalid_argument, "{}", handled.error);
  }
  return {};
}

void set_handler(HandlerSink& sink, const std::string& topic, EventHandler handler) {
  sink.set(topic,
           [handler = std::move(handler)](const Delivery& delivery) { return status_of(handler(fired_of(delivery))); });
}

Answer<EventReceipt> receipt_of(const Accepted& accepted) {
  if (accepted.error) return problem_of(*accepted.error);
  return EventReceipt{accepted.stored.event.id.text(), accepted.result == PutResult::created, accepted.late};
}

Schedule schedule_of(const NewSchedule& given) {
  Schedule schedule;
  schedule.name = given.name;
  if (!given.cron.empty()) schedule.cron_expression = given.cron;
  if (given.every) schedule.every = *given.every;
  schedule.timezone = given.timezone;
  if (!given.topic.empty()) schedule.topic = given.topic;
  schedule.event_type = given.entity_type;
  schedule.event_action = given.action;
  schedule.event_payload = given.body;
  schedule.target.kind = TargetKind::handler;
  schedule.owner = "library";
  return schedule;
}

Result<Settings> settings_of(const Scheduler::Options& options) {
  SettingInputs inputs;
  inputs.directory = "/nonexistent";  // a program's own options, not a file that happens to lie around
  inputs.flags.push_back({"DATA_DIR", options.data_dir, "data_dir"});
  std::string allow;
  for (const auto& network : options.webhook_allow) allow += (allow.empty() ? "" : ",") + network;
  inputs.flags.push_back({"WEBHOOK_ALLOW", allow, "webhook_allow"});
  for (const auto& [name, value] : options.settings) inputs.flags.push_back({name, value, name});
  return load_settings(inputs);
}

}  // namespace

struct Scheduler::Impl {
  Options options;
  std::unique_ptr<Node> node;

  Result<std::optional<Schedule>> find_by_name(const std::string& name) const {
    auto found = await<std::vector<Schedule>>([&](auto done) {
      node->schedules().find(ScheduleFilter{.name_contains = name, .limit = 1'000}, std::move(done));
    });
    if (!found) return fail(found.error());
    for (auto& schedule : *found) {
      if (schedule.name == name) return std::move(schedule);
    }
    return std::optional<Schedule>();
  }
};

Scheduler::Scheduler(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Scheduler::~Scheduler() { static_cast<void>(stop(std::chrono::seconds(10))); }

Answer<std::unique_ptr<Scheduler>> Scheduler::open(Options options) {
  const auto settings = settings_of(options);
  if (!settings) return problem_of(settings.error());
  const auto prepare = [&options](HandlerSink& sink) {
    for (const auto& [topic, handler] : options.handlers) set_handler(sink, topic, handler);
  };
  auto node = Node::start(*settings, NodeOptions{.http = false, .prepare = prepare, .declared = declared_in_code()});
  if (!node) return problem_of(node.error());
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  impl->node = std::move(*node);
  return std::unique_ptr<Scheduler>(new Scheduler(std::move(impl)));
}

void Scheduler::on(const std::string& topic, EventHandler handler) {
  set_handler(impl_->node->handlers(), topic, std::move(handler));
}

Answer<EventReceipt> Scheduler::schedule_event(const NewEvent& event) {
  return std::move(schedule_events({event}).front());
}

Answer<EventReceipt> Scheduler::schedule_event(std::string topic, std::string entity_type, std::string action,
                                               std::string body, Time scheduled_at, std::string correlation_id) {
  NewEvent event;
  event.topic = std::move(topic);
  event.entity_type = std::move(entity_type);
  event.action = std::move(action);
  event.body = std::move(body);
  event.scheduled_at = scheduled_at;
  event.correlation_id = std::move(correlation_id);
  return schedule_event(event);
}

std::vector<Answer<EventReceipt>> Scheduler::schedule_events(const std::vector<NewEvent>& events) {
  std::vector<Event> list;
  std::vector<Status> bodies;
  for (const auto& event : events) {
    bodies.push_back(check_body(event.body));
    if (bodies.back()) list.push_back(event_of(event, impl_->options));
  }
  auto accepted = await<std::vector<Accepted>>(
      [&](auto done) { impl_->node->events().accept(std::move(list), {}, std::move(done)); });
  std::vector<Answer<EventReceipt>> answers;
  size_t place = 0;
  for (const auto& body : bodies) {
    if (!body) {
      answers.emplace_back(problem_of(body.error()));
    } else {
      answers.push_back(accepted ? receipt_of((*accepted)[place++])
                                 : Answer<EventReceipt>(problem_of(accepted.error())));
    }
  }
  return answers;
}

Answer<CancelResult> Scheduler::cancel(const std::string& event_id) {
  const auto id = parse_id(event_id);
  if (!id) return Problem{"invalid_argument", "an event id is a UUID", "event_id"};
  auto answer = await<ChangeAnswer>(
      [&](auto done) { impl_->node->events().cancel(*id, {}, std::chrono::milliseconds(0), std::move(done)); });
  if (!answer) return problem_of(answer.error());
  switch (answer->result) {
    case ChangeResult::done:
      return CancelResult::cancelled;
    case ChangeResult::in_flight:
      return CancelResult::in_flight;
    case ChangeResult::already_finished:
      return answer->current->state == State::cancelled ? CancelResult::cancelled : CancelResult::already_fired;
    case ChangeResult::not_found:
    case ChangeResult::revision_conflict:
      return CancelResult::not_found;
  }
  return CancelResult::not_found;
}

Answer<std::string> Scheduler::declare(const NewSchedule& given) {
  if (auto body = check_body(given.body); !body) return problem_of(body.error());
  auto found = impl_->find_by_name(given.name);
  if (!found) return problem_of(found.error());
  Schedule wanted = schedule_of(given);
  wanted.audit = library_note("create", nullptr, &wanted);
  auto stored = await<Schedule>([&](auto done) {
    if (!*found) return impl_->node->schedules().create(wanted, std::move(done));
    const auto same = [](const Schedule& s) {
      return std::tie(s.cron_expression, s.every, s.timezone, s.topic, s.event_type, s.event_action, s.event_payload);
    };
    if (same(**found) == same(wanted)) return done(std::move(**found));  // its plan goes on undisturbed
    impl_->node->schedules().edit((*found)->id, {},
                                  [wanted](Schedule& schedule) -> Status {
                                    const Schedule before = schedule;
                                    schedule.cron_expression = wanted.cron_expression;
                                    schedule.every = wanted.every;
                                    schedule.timezone = wanted.timezone;
                                    schedule.topic = wanted.topic;
                                    schedule.event_type = wanted.event_type;
                                    schedule.event_action = wanted.event_action;
                                    schedule.event_payload = wanted.event_payload;
                                    schedule.audit = library_note("update", &before, &schedule);
                                    return {};
                                  },
                                  std::move(done));
  });
  if (!stored) return problem_of(stored.error());
  return stored->id;
}

Answer<bool> Scheduler::remove_schedule(const std::string& name) {
  auto found = impl_->find_by_name(name);
  if (!found) return problem_of(found.error());
  if (!*found) return false;
  auto removed = await<bool>([&](auto done) {
    impl_->node->schedules().remove((*found)->id, library_note("delete", &**found, nullptr), std::move(done));
  });
  if (!removed) return problem_of(removed.error());
  return *removed;
}

bool Scheduler::stop(std::chrono::milliseconds timeout) {
  if (!impl_ || !impl_->node) return true;
  const bool all = impl_->node->stop(timeout);
  impl_->node.reset();
  return all;
}

}  // namespace schedules
