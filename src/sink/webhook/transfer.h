// One webhook request under way, and what it asks of libcurl. Internal to this room; owned by the webhook thread.
// Handles are CURL*, spelt void* to keep libcurl's header out of ours.
#pragma once

#include <memory>
#include <string>

#include "sink/sink.h"
#include "sink/webhook/request.h"
#include "sink/webhook/verdict.h"
#include "sink/webhook/webhook_sink.h"

struct curl_slist;

namespace schedules {

/// One publish: its reports go out together when the last is in.
struct Batch {
  Reports reports;
  size_t missing = 0;
  Published done;
};

struct Transfer {
  Delivery delivery;
  std::optional<std::string> plain;  ///< is sent instead of the event, of which the target alone counts
  std::shared_ptr<Batch> batch;
  size_t index = 0;

  EgressUrl url;
  SteadyPoint deadline{};
  const EgressPolicy* egress = nullptr;
  WebhookRequest request;
  curl_slist* headers = nullptr;
  curl_slist* pinned = nullptr;

  WebhookAnswer answer;
  size_t body_bytes = 0;
  size_t header_bytes = 0;
  bool body_cut = false;   ///< the rest of the answer was not read
  bool forbidden = false;  ///< libcurl was about to connect to an address that the policy forbids

  Transfer() = default;
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  ~Transfer();
};

using TransferPtr = std::unique_ptr<Transfer>;

/// The target failed.
DeliveryReport retry_report(std::string error);
/// The fault is in the message or with us; the target has no part in it.
DeliveryReport own_fault(Verdict verdict, std::string error);

/// With all that is the same for every request.
void* new_handle(const WebhookOptions& options);
void free_handle(void* easy);
/// The transfer must stay where it is until the handle is finished or removed.
void prepare(void* easy, Transfer& transfer, const Addresses& addresses, const WebhookOptions& options,
             const Clock& clock);
DeliveryReport read_result(void* easy, int curl_code, Transfer& transfer, const WebhookOptions& options, TimePoint now);

}  // namespace schedules
