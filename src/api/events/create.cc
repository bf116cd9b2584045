// POST /events: one event, a JSON array of them, or NDJSON.
#include "api/context.h"
#include "api/events/event_input.h"
#include "api/events/lines.h"
#include "api/media_type.h"
#include "base/text.h"
#include "model/trace_context.h"

namespace schedules::api {
namespace {

constexpr std::string_view kEvents = "/api/v1/events";

void stamp(Event& event, const http::Request& request) {
  event.source = "api_request";
  if (!event.traceparent.empty()) return;
  const auto parent = request.header("traceparent");
  const auto context = parse_traceparent(parent);
  if (!context) return;
  event.traceparent = parent.starts_with("00-") ? std::string(parent) : format_traceparent(*context);
}

// What the request leaves to the settings; and what makes it the same request when it is sent again.
void complete(Event& event, const json::Document& document, const ApiOptions& options) {
  if (document.find("max_retries") == nullptr) event.max_retries = options.default_max_retries;
  if (document.find("retry_delay_seconds") == nullptr) event.retry_delay = options.default_retry_delay;
  if (event.idempotency_key.empty() && event.id == EventId{}) return;
  const auto* delay = document.find("delay_seconds");
  if (delay != nullptr) event.fingerprint = fingerprint_of(event, fmt::format("in {}", delay->text));
}

// The key may come as a header; in both places it must be the same.
Status adopt_key(Event& event, const http::Request& request) {
  const std::string_view key = request.header("Idempotency-Key");
  if (key.empty()) return {};
  if (key.size() > kMaxNameChars || !is_printable(key) || !is_valid_utf8(key))
    return fail_field(Code::invalid_argument, "idempotency_key", "Idempotency-Key must be 1 to {} printable bytes",
                      kMaxNameChars);
  if (!event.idempotency_key.empty() && event.idempotency_key != key)
    return fail_field(Code::invalid_argument, "idempotency_key",
                      "the header Idempotency-Key and the field idempotency_key differ");
  event.idempotency_key = key;
  return {};
}

Error conflict_of(const Accepted& accepted) {
  return Error{.code = Code::idempotency_conflict,
               .detail = fmt::format("event {} was created with other content", accepted.stored.event.id.text()),
               .field = "idempotency_key"};
}

void answer_one(const Context& context, Call& call, const Accepted& accepted) {
  if (accepted.error) return call.fail(*accepted.error);
  if (accepted.result == PutResult::conflict) return call.fail(conflict_of(accepted));
  const Event& event = accepted.stored.event;
  std::string body;
  body.reserve(event.body.size() + 1024);
  append_event(body, accepted.stored, context.options.view, accepted.late ? Lateness::late : Lateness::untold);
  http::Fields headers{{"Location", fmt::format("{}/{}", kEvents, event.id.text())}, {"ETag", etag_of(event.revision)}};
  call.json(accepted.result == PutResult::created ? 201 : 200, std::move(body), std::move(headers));
}

Status within_limit(const Context& context, const Call& call, size_t events) {
  return context.deps.producers == nullptr ? Status{} : context.deps.producers->take(call.identity.subject, events);
}

void create_one(Context& context, CallPtr call, const json::Document& document) {
  auto event = read_event(document, context.now());
  if (!event) return call->fail(event.error());
  if (auto within = within_limit(context, *call, 1); !within) return call->fail(within.error());
  stamp(*event, call->request);
  if (auto key = adopt_key(*event, call->request); !key) return call->fail(key.error());
  complete(*event, document, context.options);
  std::vector<Event> events;
  events.push_back(std::move(*event));
  context.deps.events.accept(std::move(events), AcceptOptions{.echo = true},
                             [&context, call = std::move(call)](Result<std::vector<Accepted>> accepted) mutable {
                               if (!accepted) return call->fail(accepted.error());
                               answer_one(context, *call, accepted->at(0));
                             });
}

// The items of one call. Those that cannot be read keep their error; the others go to the engine, in order.
struct Batch {
  std::vector<Event> events;
  std::vector<std::optional<Error>> refused;  ///< one per item

  void take(const json::Document& item, const http::Request& request, TimePoint now, const ApiOptions& options) {
    auto event = read_event(item, now);
    if (!event) return refuse(std::move(event.error()));
    stamp(*event, request);
    complete(*event, item, options);
    events.push_back(std::move(*event));
    refused.emplace_back();
  }
  void refuse(Error error) { refused.emplace_back(std::move(error)); }
};

void append_refused(std::string& out, const Error& error) {
  fmt::format_to(std::back_inserter(out), R"(,"status":{},"error":)", http_status_of(error.code));
  append_item_error(out, error);
}

void append_result(std::string& out, const Accepted& accepted) {
  if (accepted.error) return append_refused(out, *accepted.error);
  out += R"(,"id":")";
  out += accepted.stored.event.id.text();
  out += '"';
  if (accepted.result == PutResult::conflict) return append_refused(out, conflict_of(accepted));
  out += accepted.result == PutResult::created ? R"(,"status":201)" : R"(,"status":200)";
}

std::string results_of(const std::vector<std::optional<Error>>& refused, const std::vector<Accepted>& accepted) {
  std::string out;
  out.reserve(refused.size() * 80 + 32);
  out += R"({"results":[)";
  size_t next = 0;
  for (size_t i = 0; i < refused.size(); ++i) {
    fmt::format_to(std::back_inserter(out), R"({}{{"index":{})", i == 0 ? "" : ",", i);
    if (refused[i]) {
      append_refused(out, *refused[i]);
    } else {
      append_result(out, accepted.at(next++));
    }
    out += '}';
  }
  out += "]}";
  return out;
}

void submit(Context& context, CallPtr call, Batch batch) {
  if (call->request.has_header("Idempotency-Key"))
    return call->fail(Error{.code = Code::invalid_argument,
                            .detail = "in a batch, each event has its own idempotency_key",
                            .field = "idempotency_key"});
  if (batch.events.empty()) return call->json(207, results_of(batch.refused, {}));
  if (auto within = within_limit(context, *call, batch.events.size()); !within) return call->fail(within.error());
  call->request.body = {};
  context.deps.events.accept(
      std::move(batch.events), AcceptOptions{},
      [refused = std::move(batch.refused), call = std::move(call)](Result<std::vector<Accepted>> accepted) mutable {
        if (!accepted) return call->fail(accepted.error());
        call->json(207, results_of(refused, *accepted));
      });
}

Error too_many(const Context& context) {
  return Error{.code = Code::payload_too_large,
               .detail = fmt::format("one call takes {} events", context.options.max_batch)};
}

void create_array(Context& context, CallPtr call, const json::Document& array) {
  if (array.members().size() > context.options.max_batch) return call->fail(too_many(context));
  Batch batch;
  batch.events.reserve(array.members().size());
  const TimePoint now = context.now();
  json::Document item;
  for (const auto& member : array.members()) {
    // An element that is a text comes without its quotes, and is refused either way.
    if (member.value.kind != json::Kind::object) {
      batch.refuse(Error{.code = Code::invalid_json, .detail = "an event is a JSON object"});
    } else if (auto read = item.read(member.value.text); !read) {
      batch.refuse(std::move(read.error()));
    } else {
      batch.take(item, call->request, now, context.options);
    }
  }
  submit(context, std::move(call), std::move(batch));
}

void create_lines(Context& context, CallPtr call) {
  const std::string_view body = call->request.body;
  const size_t count = count_lines(body, context.options.max_batch);
  if (count > context.options.max_batch) return call->fail(too_many(context));
  Batch batch;
  batch.events.reserve(count);
  batch.refused.reserve(count);
  const TimePoint now = context.now();
  thread_local json::Document item;
  Lines lines(body);
  for (std::string_view line; lines.next(line);) {
    if (auto read = item.read(line); !read) {
      batch.refuse(std::move(read.error()));
    } else {
      batch.take(item, call->request, now, context.options);
    }
  }
  submit(context, std::move(call), std::move(batch));
}

void create_json(Context& context, CallPtr call) {
  thread_local json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  if (document.kind() == json::Kind::array) return create_array(context, std::move(call), document);
  create_one(context, std::move(call), document);
}

void create(Context& context, CallPtr call) {
  const MediaType type = media_type_of(call->request);
  if (type != MediaType::json && type != MediaType::ndjson)
    return call->fail(Error{.code = Code::unsupported_media_type,
                            .detail = "events come as application/json or application/x-ndjson"});
  const auto read = [&context, type](CallPtr read_call) {
    if (type == MediaType::ndjson) {
      create_lines(context, std::move(read_call));
    } else {
      create_json(context, std::move(read_call));
    }
  };
  if (call->request.body.size() <= context.options.inline_body_bytes) return read(std::move(call));
  context.deps.worker.post([read, call = std::move(call)]() mutable { read(std::move(call)); });
}

}  // namespace

void add_event_create_route(Router& router, Context& context) {
  router.add({.method = http::Method::post,
              .pattern = std::string(kEvents),
              .role = Role::producer,
              .handler = [&context](CallPtr call) { create(context, std::move(call)); },
              .body_limit = kBatchBody});
}

}  // namespace schedules::api
