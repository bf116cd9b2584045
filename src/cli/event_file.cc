#include "cli/event_file.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <iostream>

#include <boost/json.hpp>

#include "cli/client.h"
#include "cli/json_text.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "time/clock.h"

namespace schedules::cli {
namespace {

namespace json = boost::json;

constexpr size_t kBatchBytes = 8UL * 1024 * 1024;
constexpr int kAttempts = 8;
constexpr size_t kErrorsInSummary = 1000;

struct Line {
  uint64_t number = 0;
  std::string text;
};

class FileSender {
 public:
  FileSender(Client client, const EventFileOptions& options, Output output)
      : client_(std::move(client)), options_(options), output_(output) {}

  int run(std::istream& in, std::optional<uint64_t> size) {
    const SystemClock clock;
    Progress progress(size, clock);
    std::string text;
    bool going = true;
    for (uint64_t number = 1; going && std::getline(in, text); ++number) {
      read_bytes_ += text.size() + 1;
      if (number < options_.from_line || text.find_first_not_of(" \t\r") == std::string::npos) continue;
      take_line(number, text);
      if (batch_.size() >= options_.batch || batch_bytes_ >= kBatchBytes) going = flush(progress);
    }
    if (going) going = flush(progress);
    progress.finish();
    summarise();
    return going && refused_ == 0 ? kDone : kFailed;
  }

 private:
  // A line that is no JSON object is refused here: what is sent must be as many items as lines.
  void take_line(uint64_t number, const std::string& text) {
    boost::system::error_code bad;
    const auto parsed = json::parse(text, bad);
    if (bad || !parsed.is_object()) {
      refuse(number, "invalid_json", "", bad ? "it is not JSON: " + bad.message() : "it is not a JSON object");
      return;
    }
    all_keyed_ = all_keyed_ && !text_at(parsed.get_object(), "idempotency_key").empty();
    batch_bytes_ += text.size() + 1;
    batch_.push_back({number, text});
  }

  void refuse(uint64_t line, const std::string& code, const std::string& field, const std::string& detail) {
    ++refused_;
    Progress::clear();
    complain(fmt::format("line {}: {}: {}{}", line, code, detail, field.empty() ? "" : " (field " + field + ")"));
    if (errors_.size() < kErrorsInSummary) {
      errors_.push_back(json::object{{"line", line}, {"code", code}, {"field", field}, {"detail", detail}});
    }
  }

  // Sends the batch until nothing of it can be helped by sending again. False: the run has to stop.
  bool flush(Progress& progress) {
    for (int attempt = 1; !batch_.empty(); ++attempt) {
      Request request{.method = "POST", .path = "/api/v1/events", .content_type = "application/x-ndjson"};
      for (const auto& line : batch_) request.body += line.text + '\n';
      const auto reply = client_.send(request);
      if (!reply) {
        if (!may_repeat(reply.error(), attempt)) return stop(reply.error());
        wait(reply.error(), attempt);
        continue;
      }
      if (!take_results(reply->body, attempt)) return false;
      if (!batch_.empty()) wait({}, attempt);
    }
    batch_bytes_ = 0;
    all_keyed_ = true;
    progress.show(read_bytes_, created_ + existing_ + refused_);
    return true;
  }

  // An answer that refuses the whole call stored nothing; a broken connection may have.
  [[nodiscard]] bool may_repeat(const Error& error, int attempt) const {
    if (attempt >= kAttempts) return false;
    const bool refused_whole = error.code == Code::overloaded || error.code == Code::rate_limited ||
                               error.code == Code::shutting_down || error.code == Code::disk_full;
    const bool fate_unknown =
        error.code == Code::unavailable || error.code == Code::timeout || error.code == Code::io_error;
    return refused_whole || (fate_unknown && all_keyed_);
  }

  static void wait(const Error& error, int attempt) {
    const auto backoff = std::chrono::milliseconds(100) * (1 << std::min(attempt, 7));
    pause_for(std::max(error.retry_after, std::chrono::milliseconds(backoff)));
  }

  bool stop(const Error& error) {
    Progress::clear();
    report(error);
    complain(fmt::format("stopped: what became of lines {} to {} is not known{}; go on with --from-line {}",
                         batch_.front().number, batch_.back().number,
                         all_keyed_ ? "" : ", and a line without idempotency_key would make a second event",
                         batch_.front().number));
    return false;
  }

  // Keeps in the batch what may be accepted when sent again.
  bool take_results(const std::string& body, int attempt) {
    const auto answer = parse_answer(body);
    const auto* results = answer && answer->is_object() ? answer->get_object().if_contains("results") : nullptr;
    if (results == nullptr || !results->is_array() || results->get_array().size() != batch_.size()) {
      return stop({.code = Code::invalid_json, .detail = "the server's answer does not fit the batch"});
    }
    std::vector<Line> again;
    for (size_t i = 0; i < batch_.size(); ++i) {
      const auto& item = results->get_array()[i];
      if (!item.is_object()) continue;
      if (!take_result(batch_[i], item.get_object(), attempt)) again.push_back(std::move(batch_[i]));
    }
    batch_ = std::move(again);
    return true;
  }

  bool take_result(const Line& line, const json::object& item, int attempt) {
    const auto status = number_at(item, "status");
    if (status == 201) return ++created_, true;
    if (status == 200) return ++existing_, true;
    if ((status == 429 || status == 503) && attempt < kAttempts) return false;
    const auto* error = item.if_contains("error");
    const bool told = error != nullptr && error->is_object();
    const auto fault = error_of(
        {.status = static_cast<int>(status), .body = told ? json::serialize(*error) : std::string(), .headers = {}});
    refuse(line.number, std::string(to_string(fault.code)), fault.field, fault.detail);
    return true;
  }

  void summarise() const {
    if (output_ == Output::json) {
      print_json(
          json::object{{"created", created_}, {"existing", existing_}, {"refused", refused_}, {"errors", errors_}});
      return;
    }
    print_line(fmt::format("{} accepted, {} were already there, {} refused", grouped(created_), grouped(existing_),
                           grouped(refused_)));
  }

  Client client_;
  const EventFileOptions& options_;
  Output output_;
  std::vector<Line> batch_;
  size_t batch_bytes_ = 0;
  bool all_keyed_ = true;
  uint64_t read_bytes_ = 0;
  uint64_t created_ = 0;
  uint64_t existing_ = 0;
  uint64_t refused_ = 0;
  json::array errors_;
};

}  // namespace

int put_file(const EventFileOptions& options, const Session& session) {
  auto client = Client::open(session);
  if (!client) return report(client.error());
  FileSender sender(std::move(*client), options, session.output);
  if (options.path == "-") return sender.run(std::cin, std::nullopt);
  std::ifstream file(options.path, std::ios::binary);
  std::error_code unknown;
  const auto size = std::filesystem::file_size(options.path, unknown);
  if (!file || std::filesystem::is_directory(options.path)) {
    return report({.code = Code::io_error, .detail = "cannot read " + options.path});
  }
  return sender.run(file, unknown ? std::nullopt : std::optional<uint64_t>(size));
}

}  // namespace schedules::cli
