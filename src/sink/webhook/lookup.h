// Name look-ups for webhooks: the addresses of a host, asked for once by many, kept for a short while, never
// blocking the caller. Owned by the webhook thread; only the look-ups themselves run on other threads.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/executor.h"
#include "base/result.h"
#include "sink/webhook/address.h"
#include "time/clock.h"

namespace schedules {

using Addresses = std::vector<Address>;
/// Blocking; called on several threads at a time. Errors: unavailable, not_found.
using ResolveFunction = std::function<Result<Addresses>(const std::string& host)>;

/// The system's resolver: hosts file, DNS, whatever nsswitch.conf says.
Result<Addresses> resolve_by_system(const std::string& host);

class Lookup {
 public:
  /// `post_back` brings a task to the owner's thread; it may be called until the destructor returns and must
  /// then drop what it gets.
  Lookup(ResolveFunction resolve, std::function<void(Task)> post_back);
  ~Lookup();
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;

  /// Answers at once from what is known (10 s old at most), else when the look-up ends or at the deadline.
  void ask(const std::string& host, SteadyPoint now, SteadyPoint deadline, Done<Addresses> done);
  /// Fails those whose deadline is past. Errors: timeout.
  void expire(SteadyPoint now);
  /// Fails all that wait. Errors: shutting_down.
  void cancel_all();

 private:
  struct Waiter {
    SteadyPoint deadline;
    Done<Addresses> done;
  };
  struct Entry {
    Addresses addresses;
    SteadyPoint known_at{};  ///< meaningful while addresses is not empty
    bool asking = false;
    std::vector<Waiter> waiters;
  };
  struct Worker;

  void start(const std::string& host);
  void finish(const std::string& host, Result<Addresses> result);
  void forget_old(SteadyPoint now);

  std::shared_ptr<const ResolveFunction> resolve_;
  std::shared_ptr<const bool> alive_ = std::make_shared<const bool>(true);  ///< ends with the Lookup, on its thread
  std::function<void(Task)> post_back_;
  std::unordered_map<std::string, Entry> entries_;
  std::vector<std::unique_ptr<Worker>> workers_;
  size_t next_worker_ = 0;
  size_t asking_ = 0;
  SteadyPoint now_{};
  SteadyPoint forgotten_at_{};
};

}  // namespace schedules
