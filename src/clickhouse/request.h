// One query as an HTTP request, and one call of libcurl that carries it. Internal to this room; owned by the client's
// thread. Handles are CURL*, spelt void* to keep libcurl's header out of ours.
#pragma once

#include <memory>
#include <string>

#include "clickhouse/answer.h"
#include "clickhouse/client.h"

struct curl_slist;

namespace schedules::clickhouse {

struct Call {
  std::string address;
  std::string body;
  curl_slist* headers = nullptr;
  std::chrono::milliseconds timeout{};
  HttpAnswer answer;
  Done<Answer> done;

  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  ~Call();
};

/// Everything but the handle. May take a moment where the body is compressed: called by whoever asks.
std::unique_ptr<Call> make_call(Query query, Done<Answer> done, const Url& url, const Options& options);

void* new_handle(const Url& url, const Options& options);
void free_handle(void* easy);
/// The call must stay where it is until the handle is finished or removed.
void prepare(void* easy, Call& call, const Options& options);
Result<Answer> read_result(void* easy, int curl_code, Call& call, const Url& url);

}  // namespace schedules::clickhouse
