// PATCH and DELETE of one event, and the acknowledgement of its run. Answers: semantics S10.
#include "api/context.h"
#include "api/events/event_input.h"
#include "api/faults.h"
#include "api/json/writer.h"
#include "api/media_type.h"
#include "api/query.h"
#include "base/text.h"

namespace schedules::api {
namespace {

constexpr int64_t kMaxWaitMs = 30'000;

// "3:117" of a partitioned log.
void append_position(json::Writer& out, const std::string& position) {
  const size_t colon = position.find(':');
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  };
  out.field("position", position);
  const std::string_view text = position;
  if (colon == position.npos || !is_number(text.substr(0, colon)) || !is_number(text.substr(colon + 1))) return;
  out.key("partition").raw(text.substr(0, colon)).key("offset").raw(text.substr(colon + 1));
}

struct Verdict {
  std::string_view result;
  Code code = Code::conflict;
  std::string detail;
};

Verdict finished_verdict(const StoredEvent& stored) {
  switch (stored.state) {
    case State::cancelled:
    case State::skipped:
      return {"cancelled", Code::conflict, why(stored)};
    case State::dead:
      return {"conflict", Code::conflict, "it is in the dead letters: redrive it there or drop it"};
    default:
      return {"already_fired", Code::conflict, why(stored)};
  }
}

Verdict verdict_of(const ChangeAnswer& answer, Code mismatch) {
  switch (answer.result) {
    case ChangeResult::done:
      return {"cancelled", Code::conflict, ""};
    case ChangeResult::in_flight:
      return {"in_flight", Code::conflict, "it is being published"};
    case ChangeResult::revision_conflict:
      return {"conflict", mismatch, "its revision is not the one in If-Match"};
    case ChangeResult::already_finished:
      if (answer.current) return finished_verdict(*answer.current);
      return {"already_fired", Code::conflict, "it has fired"};
    case ChangeResult::not_found:
      break;
  }
  return {"not_found", Code::not_found, "there is no such event"};
}

// The members by which a program tells what became of the event.
std::string members_of(const Verdict& verdict, EventId id, const ChangeAnswer& answer) {
  std::string text;
  json::Writer out(text);
  out.field("result", verdict.result).field("id", id.text());
  if (!answer.current) return text;
  const StoredEvent& stored = *answer.current;
  out.field("state", to_string(stored.state)).key("revision").number(stored.event.revision);
  if (!is_final(stored.state)) return text;
  out.field("at", stored.outcome.at).field("reason", stored.outcome.reason);
  if (stored.state != State::fired) return text;
  out.field("sink", stored.outcome.sink);
  append_position(out, stored.outcome.position);
  return text;
}

void refuse(Call& call, const Verdict& verdict, EventId id, const ChangeAnswer& answer) {
  call.fail(Error{.code = verdict.code, .detail = verdict.detail}, members_of(verdict, id, answer));
}

void answer_cancel(Call& call, EventId id, const ChangeAnswer& answer) {
  const Verdict verdict = verdict_of(answer, Code::conflict);
  if (verdict.result != "cancelled") return refuse(call, verdict, id, answer);
  call.json(200, "{" + members_of(verdict, id, answer) + "}");
}

void cancel(Context& context, CallPtr call) {
  const auto id = event_id_of(*call);
  if (!id) return call->fail(id.error());
  const auto revision = if_match(call->request);
  if (!revision) return call->fail(revision.error());
  Query query(call->request.query());
  const auto wait = query.integer("wait", 0, kMaxWaitMs).value_or(0);
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  context.deps.events.cancel(*id, *revision, std::chrono::milliseconds(wait),
                             [&context, id = *id, call = std::move(call)](Result<ChangeAnswer> answer) mutable {
                               if (!answer) return call->fail(answer.error());
                               if (answer->result == ChangeResult::done)
                                 context.note_event(call->identity, id, "cancel", "{}");
                               answer_cancel(*call, id, *answer);
                             });
}

void answer_change(const Context& context, Call& call, EventId id, const ChangeAnswer& answer) {
  if (answer.result == ChangeResult::done && answer.current) {
    std::string body;
    append_event(body, *answer.current, context.options.view);
    return call.json(200, std::move(body), {{"ETag", etag_of(answer.current->event.revision)}});
  }
  refuse(call, verdict_of(answer, Code::revision_conflict), id, answer);
}

void change(Context& context, CallPtr call) {
  const auto id = event_id_of(*call);
  if (!id) return call->fail(id.error());
  const MediaType type = media_type_of(call->request);
  if (type != MediaType::json && type != MediaType::merge_patch)
    return call->fail(Error{.code = Code::unsupported_media_type, .detail = "a change comes as application/json"});
  const auto revision = if_match(call->request);
  if (!revision) return call->fail(revision.error());
  json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  auto patch = read_event_patch(document, context.now());
  if (!patch) return call->fail(patch.error());
  auto changes = std::make_shared<std::string>();
  auto edit = [patch = std::make_shared<const EventPatch>(std::move(*patch)), changes](Event& event) {
    const Event before = event;
    patch->apply(event);
    *changes = event_changes(before, event);
    return Status();
  };
  context.deps.events.change(
      *id, *revision, std::move(edit),
      [&context, id = *id, changes, call = std::move(call)](Result<ChangeAnswer> answer) mutable {
        if (!answer) return call->fail(answer.error());
        if (answer->result == ChangeResult::done) context.note_event(call->identity, id, "change", *changes);
        answer_change(context, *call, id, *answer);
      });
}

constexpr std::string_view kCompletionNames[] = {"success", "error", "duration_ms"};

Result<Completion> read_completion(const http::Request& request, EventId id) {
  Completion completion{.id = id};
  if (request.body.empty()) return completion;
  json::Document document;
  if (auto read = document.read(request.body); !read) return fail(std::move(read.error()));
  Faults faults;
  if (document.kind() != json::Kind::object) return fail(Code::invalid_json, "a completion is a JSON object");
  for (const auto& [key, value] : document.members()) {
    if (value.kind == json::Kind::null) continue;
    if (key == "success") {
      completion.success = faults.boolean(key, value).value_or(true);
    } else if (key == "error") {
      completion.error = faults.text(key, value, kMaxErrorBytes).value_or("");
    } else if (key == "duration_ms") {
      if (const auto ms = faults.integer(key, value, 0, 1'000'000'000))
        completion.duration = std::chrono::milliseconds(*ms);
    } else {
      const auto near = nearest(key, kCompletionNames);
      faults.add(
          Code::unknown_field, truncate_utf8(key, 80),
          near.empty() ? "a completion knows success, error and duration_ms" : fmt::format("did you mean {}?", near));
    }
  }
  if (faults.any()) return fail(faults.error());
  return completion;
}

void complete(Context& context, CallPtr call) {
  const auto id = event_id_of(*call);
  if (!id) return call->fail(id.error());
  auto completion = read_completion(call->request, *id);
  if (!completion) return call->fail(completion.error());
  if (!context.deps.complete)
    return call->fail(Error{.code = Code::not_found, .detail = "no run of this event waits for an acknowledgement"});
  context.deps.complete(std::move(*completion), [id = *id, call = std::move(call)](Result<void> done) mutable {
    if (!done) return call->fail(done.error());
    call->json(200, fmt::format(R"({{"result":"completed","id":"{}"}})", id.text()));
  });
}

}  // namespace

void add_event_change_routes(Router& router, Context& context) {
  const auto add = [&](http::Method method, std::string pattern, auto handler) {
    router.add({.method = method,
                .pattern = std::move(pattern),
                .role = Role::producer,
                .handler = [&context, handler](CallPtr call) { handler(context, std::move(call)); }});
  };
  add(http::Method::patch, "/api/v1/events/{id}", change);
  add(http::Method::del, "/api/v1/events/{id}", cancel);
  add(http::Method::post, "/api/v1/events/{id}/complete", complete);
}

}  // namespace schedules::api
