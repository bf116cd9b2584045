// GET /events/stream: server-sent events of what fires. A slow reader is fed no faster than it takes.
#include <charconv>

#include "api/context.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr size_t kFedAtOnce = 512UL * 1024;  ///< written to a reader before waiting for it to take that

// One open stream. Kept alive by what its reader and its connection hold, until either ends.
class Feed : public std::enable_shared_from_this<Feed> {
 public:
  void attach(std::unique_ptr<FiredStream::Reader> reader) {
    const std::scoped_lock lock(mutex_);
    reader_ = std::move(reader);
  }

  void begin(std::shared_ptr<http::StreamWriter> writer) {
    {
      const std::scoped_lock lock(mutex_);
      writer_ = std::move(writer);
      if (!reader_) return;  // the connection was gone before the response began
      writer_->write("retry: 2000\n\n");
    }
    pump();
  }

  /// Moves what there is from the reader to the connection.
  void pump() {
    std::shared_ptr<http::StreamWriter> writer;
    {
      const std::scoped_lock lock(mutex_);
      if (!writer_ || !reader_ || waiting_) return;
      waiting_ = feed();
      if (!waiting_) return;
      writer = writer_;
    }
    // May call back at once, hence without the lock.
    writer->when_sent([weak = weak_from_this()] {
      if (const auto feed = weak.lock()) feed->go_on();
    });
  }

  bool beat() {
    const std::scoped_lock lock(mutex_);
    return reader_ && writer_->write(": keep-alive\n\n");
  }

  /// The connection is gone. The reader ends outside the lock, which its on_ready may be waiting for.
  void end() {
    std::unique_ptr<FiredStream::Reader> ended;
    {
      const std::scoped_lock lock(mutex_);
      ended = std::move(reader_);
    }
  }

 private:
  // True: there may be more, but the reader first has to take what it was given.
  bool feed() {
    size_t fed = 0;
    while (fed < kFedAtOnce) {
      auto chunk = reader_->next();
      if (!chunk) return writer_->close(), false;
      if (!*chunk || !writer_->write(**chunk)) return false;
      fed += (*chunk)->size();
    }
    return true;
  }

  void go_on() {
    {
      const std::scoped_lock lock(mutex_);
      waiting_ = false;
    }
    pump();
  }

  std::mutex mutex_;
  std::shared_ptr<http::StreamWriter> writer_;
  std::unique_ptr<FiredStream::Reader> reader_;
  bool waiting_ = false;
};

void beat(Context& context, const std::weak_ptr<Feed>& weak) {
  context.deps.later(context.options.heartbeat, [&context, weak] {
    const auto feed = weak.lock();
    if (feed && feed->beat()) beat(context, weak);
  });
}

Result<std::optional<uint64_t>> resume_point(const http::Request& request, Query& query) {
  std::string text(request.header("Last-Event-ID"));
  if (const auto given = query.text("last_event_id")) text = *given;
  if (text.empty()) return std::optional<uint64_t>{};
  uint64_t sequence = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (error != std::errc() || end != text.data() + text.size())
    return fail_field(Code::invalid_argument, "query:last_event_id", "the last event id is a number");
  return sequence;
}

void open(Context& context, CallPtr call) {
  Query query(call->request.query());
  FiredStream::Request request{.topics = query.texts("topic"), .after = {}};
  const auto after = resume_point(call->request, query);
  if (auto status = query.strict_status(); !status) return call->fail(status.error());
  if (!after) return call->fail(after.error());
  if (context.deps.stream == nullptr)
    return call->fail(Error{.code = Code::not_found, .detail = "this server has no stream"});
  request.after = *after;
  auto feed = std::make_shared<Feed>();
  auto reader = context.deps.stream->open(std::move(request), [weak = std::weak_ptr(feed)] {
    if (const auto ready = weak.lock()) ready->pump();
  });
  if (!reader) return call->fail(reader.error());
  feed->attach(std::move(*reader));
  http::Response head{
      .status = 200, .content_type = "text/event-stream", .body = {}, .headers = {{"X-Accel-Buffering", "no"}}};
  feed->begin(call->stream(std::move(head), [feed] { feed->end(); }));
  if (context.deps.later) beat(context, feed);
}

}  // namespace

void add_stream_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/events/stream",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { open(context, std::move(call)); }});
}

}  // namespace schedules::api
