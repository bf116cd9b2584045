// The REST interface: all routes over the engine's front doors, behind an http::Server. Thread-safe.
//
//   auto auth = Auth::create({…});
//   Api api(deps, options, std::move(*auth));
//   http::Server server(server_options, api, clock, random);
#pragma once

#include <memory>
#include <string>

#include "api/auth.h"
#include "api/deps.h"
#include "api/events/event_output.h"
#include "api/router.h"

namespace schedules::api {

struct ApiOptions {
  EventView view;  ///< names of the stores, owner of an event
  std::string version = "dev";
  size_t max_batch = 10'000;                    ///< events in one call
  size_t inline_body_bytes = 256 * 1024;        ///< larger batches are read on ApiDeps::worker
  std::chrono::milliseconds heartbeat{15'000};  ///< of the event stream
  std::string default_timezone = "UTC";
  uint32_t default_max_retries = 3;
  std::chrono::seconds default_retry_delay{60};
  bool cron_seconds_last = false;  ///< schedules_CRON_SECONDS_FIELD
  std::string public_url;          ///< PUBLIC_URL, without a slash at its end; may be empty
  bool audit_events = true;        ///< superusers' changes of single events are noted
};

class Api final : public http::Dispatcher {
 public:
  Api(ApiDeps deps, ApiOptions options, Auth auth);
  ~Api() override;

  size_t body_limit(http::Request& request) const override;
  void dispatch(http::Request request, http::Responder responder) override;
  [[nodiscard]] http::Response refusal(const http::Request& request, const Error& error) const override;

  [[nodiscard]] const Router& router() const;
  /// The server stops: /readyz says so from now on.
  void drain();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace schedules::api
