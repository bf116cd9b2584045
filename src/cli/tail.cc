// schedules tail: fired events, live. Comes back after a break and misses nothing that the server still keeps.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/event_stream.h"
#include "cli/json_text.h"
#include "cli/output.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr std::chrono::milliseconds kFirstWait{500};
constexpr std::chrono::milliseconds kLongestWait{10'000};

struct TailOptions {
  std::vector<std::string> topics;
  std::string after;
  size_t count = 0;  ///< 0: for ever
};

std::string line_of(const std::string& topic, const json::object& message) {
  std::string entity;
  if (const auto* value = message.if_contains("entity"); value != nullptr && value->is_object()) {
    entity = fmt::format("{}/{}", text_at(value->get_object(), "type"), text_at(value->get_object(), "id"));
  }
  const auto* payload = message.if_contains("payload");
  return printable(fmt::format("{} {} {} {} {} {}", text_at(message, "timestamp"), topic, text_at(message, "event_id"),
                               entity, text_at(message, "action"),
                               payload == nullptr ? std::string("{}") : json::serialize(*payload)));
}

// "event: gap" tells that messages are not kept any more; a topic of that name carries messages, which have an event_id.
bool is_gap(const StreamEvent& event, const json::object& data) {
  return event.name == "gap" && !data.contains("event_id");
}

class Tail {
 public:
  Tail(Client client, const TailOptions& options, Output output)
      : client_(std::move(client)), options_(options), output_(output) {}

  int run() {
    auto wait = kFirstWait;
    for (bool first = true;; first = false) {
      const auto before = seen_;
      const auto status = client_.stream(request(), [this](std::string_view text) { return stream_.feed(text); });
      if (ended()) return kDone;
      stream_.restart();
      if (!status) {
        // What the server refuses it refuses again; and what never worked is no interruption.
        const bool broken = status.error().code == Code::unavailable || status.error().code == Code::timeout ||
                            retryable(status.error().code);
        if (!broken || first) return report(status.error());
        complain("connection lost, trying again: " + status.error().detail);
      }
      if (seen_ > before) wait = kFirstWait;
      pause_for(wait);
      wait = std::min(wait * 2, kLongestWait);
    }
  }

 private:
  [[nodiscard]] bool ended() const { return options_.count > 0 && seen_ >= options_.count; }

  [[nodiscard]] Request request() const {
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const auto& topic : options_.topics) parameters.emplace_back("topic", topic);
    Request request{.path = "/api/v1/events/stream" + query_text(parameters)};
    const auto& after = stream_.last_id().empty() ? options_.after : stream_.last_id();
    if (!after.empty()) request.headers.emplace_back("Last-Event-ID", after);
    return request;
  }

  bool take(const StreamEvent& event) {
    boost::system::error_code bad;
    const auto parsed = json::parse(event.data, bad);
    const auto data = !bad && parsed.is_object() ? parsed.get_object() : json::object();
    if (is_gap(event, data)) {
      complain(fmt::format("messages {} to {} are not kept any more", number_at(data, "asked"),
                           number_at(data, "next") - 1));
      return true;
    }
    print_line(output_ == Output::json ? event.data : line_of(event.name, data));
    flush_output();
    ++seen_;
    return !ended();
  }

  Client client_;
  const TailOptions& options_;
  Output output_;
  size_t seen_ = 0;
  EventStream stream_{[this](const StreamEvent& event) { return take(event); }};
};

}  // namespace

void add_tail(CLI::App& root, Session& session) {
  auto options = std::make_shared<TailOptions>();
  auto& command = add_command(root, session, "tail", "Show what fires, as it fires.", [options, &session] {
    auto client = Client::open(session);
    return client ? Tail(std::move(*client), *options, session.output).run() : report(client.error());
  });
  command.add_option("--topic", options->topics, "only of this topic; may be repeated")
      ->type_name("T")
      ->allow_extra_args(false);
  command
      .add_option("--after", options->after, "begin after this sequence of the stream [only what fires from now on]")
      ->type_name("SEQUENCE");
  command.add_option("-n", options->count, "end after so many")->type_name("N");
  add_client_options(command, session);
}

}  // namespace schedules::cli
