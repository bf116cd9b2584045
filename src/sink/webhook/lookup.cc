#include "sink/webhook/lookup.h"

#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "base/text.h"

namespace schedules {
namespace {

constexpr Duration kKeep = std::chrono::seconds(10);
constexpr size_t kWorkers = 4;
constexpr size_t kMaxAddresses = 16;  ///< of one host; the first ones are the preferred ones

// The loopback names of RFC 6761, which a machine without a hosts file does not know.
bool is_localhost(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  const auto name = to_lower(host);
  return name == "localhost" || name.ends_with(".localhost");
}

}  // namespace

Result<Addresses> resolve_by_system(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;  // families that this machine does not have are not asked for
  addrinfo* list = nullptr;
  const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (failed != 0 && is_localhost(host)) {
    Address loopback;
    loopback.bytes[0] = 127;
    loopback.bytes[3] = 1;
    return Addresses{loopback};
  }
  if (failed != 0) {
    const Code code = failed == EAI_NONAME ? Code::not_found : Code::unavailable;
    return fail(code, "looking up {} failed: {}", host, gai_strerror(failed));
  }
  Addresses out;
  for (const addrinfo* one = list; one != nullptr; one = one->ai_next) {
    Address address;
    if (one->ai_family == AF_INET) {
      sockaddr_in v4{};
      std::memcpy(&v4, one->ai_addr, sizeof(v4));
      std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    } else if (one->ai_family == AF_INET6) {
      sockaddr_in6 v6{};
      std::memcpy(&v6, one->ai_addr, sizeof(v6));
      std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
      address.is_v6 = true;
    } else {
      continue;
    }
    if (std::ranges::find(out, address) == out.end()) out.push_back(address);
  }
  freeaddrinfo(list);
  if (out.empty()) return fail(Code::not_found, "{} has no address", host);
  return out;
}

struct Lookup::Worker {
  struct Shared {
    std::mutex mutex;
    bool busy = false;       ///< guarded by mutex
    bool cancelled = false;  ///< guarded by mutex; the Lookup is gone
  };
  std::unique_ptr<Executor> executor = thread_executor("webhook-dns");
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();

  ~Worker() {
    const std::scoped_lock lock(shared->mutex);
    shared->cancelled = true;
    // A look-up under way can last as long as the resolver's own time-outs and cannot be cancelled: leave its
    // thread behind rather than hold up the stop. It touches nothing of ours any more.
    if (shared->busy) static_cast<void>(executor.release());
  }
};

Lookup::Lookup(ResolveFunction resolve, std::function<void(Task)> post_back)
    : resolve_(std::make_shared<const ResolveFunction>(std::move(resolve))), post_back_(std::move(post_back)) {}

Lookup::~Lookup() {
  alive_.reset();  // an answer that is already on its way back finds nobody
  cancel_all();
}

void Lookup::ask(const std::string& host, SteadyPoint now, SteadyPoint deadline, Done<Addresses> done) {
  now_ = now;
  forget_old(now);
  Entry& entry = entries_[host];
  if (!entry.addresses.empty() && now < entry.known_at + kKeep) {
    done(entry.addresses);
    return;
  }
  entry.waiters.push_back({deadline, std::move(done)});
  if (!entry.asking) {
    entry.asking = true;
    start(host);
  }
}

void Lookup::start(const std::string& host) {
  ++asking_;
  if (workers_.size() < std::min(asking_, kWorkers)) workers_.push_back(std::make_unique<Worker>());
  auto& worker = *workers_[next_worker_++ % workers_.size()];
  worker.executor->post([this, host, shared = worker.shared, resolve = resolve_, alive = std::weak_ptr(alive_)] {
    {
      const std::scoped_lock lock(shared->mutex);
      if (shared->cancelled) return;
      shared->busy = true;
    }
    auto result = (*resolve)(host);
    const std::scoped_lock lock(shared->mutex);
    shared->busy = false;
    if (shared->cancelled) return;
    post_back_([this, alive, host, result = std::move(result)]() mutable {
      if (!alive.expired()) finish(host, std::move(result));
    });
  });
}

void Lookup::finish(const std::string& host, Result<Addresses> result) {
  --asking_;
  Entry& entry = entries_[host];
  entry.asking = false;
  auto waiters = std::exchange(entry.waiters, {});
  if (result) {
    entry.addresses = *result;
    entry.known_at = now_;
  } else {
    entries_.erase(host);
  }
  for (auto& waiter : waiters) waiter.done(result);
}

void Lookup::expire(SteadyPoint now) {
  now_ = now;
  std::vector<Done<Addresses>> late;
  for (auto& [host, entry] : entries_) {
    for (auto& waiter : entry.waiters) {
      if (waiter.deadline <= now) late.push_back(std::move(waiter.done));
    }
    std::erase_if(entry.waiters, [&](const Waiter& waiter) { return waiter.deadline <= now; });
  }
  for (auto& done : late) done(fail(Code::timeout, "looking up the host's name took too long"));
}

void Lookup::cancel_all() {
  std::vector<Done<Addresses>> all;
  for (auto& [host, entry] : entries_) {
    for (auto& waiter : entry.waiters) all.push_back(std::move(waiter.done));
    entry.waiters.clear();
  }
  for (auto& done : all) done(fail(Code::shutting_down, "the scheduler is stopping"));
}

void Lookup::forget_old(SteadyPoint now) {
  if (now < forgotten_at_ + kKeep) return;
  forgotten_at_ = now;
  std::erase_if(entries_, [&](const auto& one) { return !one.second.asking && one.second.known_at + kKeep <= now; });
}

}  // namespace schedules
