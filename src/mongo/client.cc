#include "mongo/client.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "base/ids.h"
#include "mongo/driver.h"
#include "mongo/driver_connection.h"

namespace schedules::mongo {
namespace {

constexpr Duration kIdle = std::chrono::seconds(1);  ///< unused so long, a connection may have died unnoticed
constexpr Duration kLeaveAlone = std::chrono::milliseconds(500);  ///< a server that was away is not asked again sooner

/// The pool that all lanes share, made when it is first needed.
class SharedPool {
 public:
  SharedPool(const Url& url, const Options& options) : url_(url), options_(options) {}

  Result<std::shared_ptr<Pool>> get() {
    const std::scoped_lock lock(mutex_);
    if (!pool_) {
      auto made = Pool::open(url_, options_);
      if (!made) return made;
      pool_ = std::move(*made);
    }
    return pool_;
  }
  /// Hosts by DNS are looked up only when a pool is made, so one that reaches nobody is made again.
  void found_nobody(const std::shared_ptr<Pool>& pool) {
    const std::scoped_lock lock(mutex_);
    if (url_.by_dns && pool_ == pool) pool_.reset();
  }

 private:
  const Url& url_;
  const Options& options_;
  std::mutex mutex_;
  std::shared_ptr<Pool> pool_;
};

/// When the server was found to be away. Calls in the moments after fail at once instead of waiting one by one.
class Outage {
 public:
  [[nodiscard]] std::optional<Error> now(const Clock& clock) {
    const std::scoped_lock lock(mutex_);
    if (!error_ || clock.steady() >= until_) return std::nullopt;
    return error_;
  }
  void note(const Clock& clock, const Error& error) {
    const std::scoped_lock lock(mutex_);
    error_ = error;
    until_ = clock.steady() + kLeaveAlone;
  }
  void over() {
    const std::scoped_lock lock(mutex_);
    error_.reset();
  }

 private:
  std::mutex mutex_;
  std::optional<Error> error_;
  SteadyPoint until_;
};

/// One thread with its connection, which only that thread touches.
class Lane {
 public:
  Lane(const std::string& name, const Url& url, SharedPool& pool, Outage& outage, const Clock& clock)
      : url_(url), pool_(pool), outage_(outage), clock_(clock), thread_(thread_executor(name)) {}
  ~Lane() { thread_.reset(); }

  void post(Task task) { thread_->post(std::move(task)); }

  Result<Connection*> connection() {
    if (auto error = outage_.now(clock_)) return fail(std::move(*error));
    if (auto sure = make_sure(); !sure) {
      outage_.note(clock_, sure.error());
      return fail(std::move(sure.error()));
    }
    return connection_.get();
  }
  void used() { used_at_ = clock_.steady(); }

 private:
  // A connection that died while idle would make a write's outcome unknown: it is tried with a ping before.
  Status make_sure() {
    if (!connection_) {
      auto pool = pool_.get();
      if (!pool) return fail(std::move(pool.error()));
      connection_ = std::make_unique<DriverConnection>(std::move(*pool), url_.database);
      used_at_.reset();
    }
    if (used_at_ && !connection_->doubtful() && clock_.steady() - *used_at_ < kIdle) return {};
    auto alive = connection_->ping();
    if (alive) {
      used();
      outage_.over();
      return {};
    }
    used_at_.reset();
    if (url_.by_dns) {
      pool_.found_nobody(connection_->pool());
      connection_.reset();
    }
    alive.error().code = Code::unavailable;
    alive.error().detail = fmt::format("{} at {}", alive.error().detail, url_.shown);
    return alive;
  }

  const Url& url_;
  SharedPool& pool_;
  Outage& outage_;
  const Clock& clock_;
  std::unique_ptr<DriverConnection> connection_;
  std::optional<SteadyPoint> used_at_;
  std::unique_ptr<Executor> thread_;  ///< last, so that it ends first
};

class LaneClient final : public Client {
 public:
  LaneClient(Url url, Options options, const Clock& clock)
      : url_(std::move(url)), options_(std::move(options)), pool_(url_, options_) {
    for (size_t i = 0; i < std::max<size_t>(options_.lanes, 1); ++i) {
      lanes_.push_back(std::make_unique<Lane>(fmt::format("mongo-{}", i), url_, pool_, outage_, clock));
    }
    aside_ = std::make_unique<Lane>("mongo-aside", url_, pool_, outage_, clock);
    prober_ = std::make_unique<Lane>("mongo-probe", url_, pool_, outage_, clock);
  }
  ~LaneClient() override {
    quit_ = true;
    prober_.reset();
    aside_.reset();
    lanes_.clear();
  }

  void probe(Done<void> done) override {
    submit(*prober_, [done = std::move(done)](Result<Connection*> connection) mutable {
      if (!connection) return done(fail(std::move(connection.error())));
      auto pong = (*connection)->command(Document{{"ping", 1}});
      if (!pong) return done(fail(std::move(pong.error())));
      done({});
    });
  }
  [[nodiscard]] const Url& url() const override { return url_; }

 protected:
  void run(std::string_view key, Call call) override {
    const size_t lane = key.empty() ? next_++ : stable_hash(key);
    submit(*lanes_[lane % lanes_.size()], std::move(call));
  }
  void run_aside(Call call) override { submit(*aside_, std::move(call)); }

 private:
  void submit(Lane& lane, Call call) {
    if (quit_) return call(fail(Code::shutting_down, "the MongoDB client is closing"));
    if (waiting_.fetch_add(1) >= options_.most_waiting) {
      --waiting_;
      return call(fail(Error{.code = Code::overloaded,
                             .detail = "too many MongoDB calls are under way",
                             .retry_after = std::chrono::seconds(1)}));
    }
    lane.post([this, &lane, call = std::move(call)]() mutable {
      if (quit_) {
        call(fail(Code::shutting_down, "the MongoDB client is closing"));
      } else {
        auto connection = lane.connection();
        const bool there = connection.has_value();
        call(std::move(connection));
        if (there) lane.used();
      }
      --waiting_;
    });
  }

  const Url url_;
  const Options options_;
  SharedPool pool_;
  Outage outage_;
  std::atomic<bool> quit_{false};
  std::atomic<size_t> next_{0};
  std::atomic<size_t> waiting_{0};
  std::vector<std::unique_ptr<Lane>> lanes_;
  std::unique_ptr<Lane> aside_;
  std::unique_ptr<Lane> prober_;
};

}  // namespace

std::unique_ptr<Client> Client::open(Url url, Options options, const Clock& clock) {
  return std::make_unique<LaneClient>(std::move(url), std::move(options), clock);
}

}  // namespace schedules::mongo
