#include "redis/client.h"

#include <algorithm>
#include <list>

#include <boost/asio/executor_work_guard.hpp>

#include "base/log.h"
#include "base/mailbox.h"
#include "redis/request.h"
#include "redis/subscription.h"

namespace schedules::redis {
namespace {

namespace asio = boost::asio;
constexpr auto kRetryAfter = std::chrono::milliseconds(30);
constexpr auto kLookAtWaiting = std::chrono::milliseconds(20);
constexpr std::string_view kTooFew = "too few replicas have it";

class AsioClient final : public Client {
 public:
  AsioClient(Url url, Options options, const Clock& clock)
      : url_(std::move(url)), options_(std::move(options)), clock_(clock) {}

  ~AsioClient() override {
    asio::post(io_, [this] { stop(); });
    guard_.reset();
    if (thread_.joinable()) thread_.join();
  }

  Status start() {
    boost::system::error_code fault;
    if (options_.ca_file.empty()) {
      tls_.set_default_verify_paths(fault);
    } else {
      tls_.load_verify_file(options_.ca_file, fault);
    }
    if (fault && url_.tls) return fail(Code::io_error, "{}: {}", options_.ca_file, fault.message());
    const Surroundings around{io_, options_, clock_, *random_};
    const auto changed = [this] { try_waiting(); };
    switch (url_.topology) {
      case Topology::standalone:
        router_ = make_standalone(around, url_, login(), changed);
        break;
      case Topology::sentinel:
        router_ = make_sentinel(around, url_, login(), changed);
        break;
      case Topology::cluster:
        router_ = make_cluster(around, url_, login(), changed);
        break;
    }
    mailbox_.on_first([this] {
      asio::post(io_, [this] {
        for (auto& message : mailbox_.drain()) message();
      });
    });
    thread_ = std::thread([this] {
      name_this_thread("redis");
      router_->start();
      io_.run();
    });
    return {};
  }

  void run(Batch batch, Done<std::vector<Reply>> done) override { submit(request_of(batch), std::move(done)); }

  void call(Call call, Done<Reply> done) override {
    auto request = request_of(call);
    const uint32_t replicas = call.wait_replicas;
    if (replicas > 0) {
      std::string wait;
      // A third, since a script that the server does not know yet is sent twice, and both times waited for.
      const auto patience = std::max<int64_t>(options_.timeout.count() / 3, 1);
      append_command(wait, {"WAIT", std::to_string(replicas), std::to_string(patience)});
      request->commands.push_back(std::move(wait));
    }
    submit(std::move(request), [replicas, done = std::move(done)](Result<std::vector<Reply>> replies) mutable {
      if (!replies) return done(fail(std::move(replies.error())));
      if (replicas > 0 && replies->back().integer < replicas)
        return done(fail(Code::unavailable, "Redis: {}", kTooFew));
      done(std::move(replies->front()));
    });
  }

  void nodes(Done<std::vector<Node>> done) override {
    if (stopping_) return done(fail(shutting_down()));
    mailbox_.post([this, done = std::move(done), by = clock_.steady() + options_.timeout]() mutable {
      ask_nodes(std::move(done), by);
    });
  }

  void subscribe(std::string channel, std::function<void(std::string_view)> message,
                 std::function<void()> gap) override {
    mailbox_.post([this, channel = std::move(channel), message = std::move(message), gap = std::move(gap)]() mutable {
      if (stopping_) return;
      auto& made = subscriptions_.emplace_back(
          std::make_unique<Subscription>(Surroundings{io_, options_, clock_, *random_}, *router_, login(),
                                         std::move(channel), std::move(message), std::move(gap)));
      made->start();
    });
  }

  [[nodiscard]] const Url& url() const override { return url_; }

 private:
  Login login() {
    return Login{.user = url_.user,
                 .password = url_.password,
                 .database = url_.database,
                 .name = options_.client_name,
                 .primary = false,
                 .secure = url_.tls,
                 .tls = &tls_};
  }

  void submit(RequestPtr request, Done<std::vector<Reply>> done) {
    // From an answer that the end gave; nothing that is posted now would be read.
    if (stopping_) return done(fail(shutting_down()));
    if (under_way_.fetch_add(1) >= options_.max_under_way) {
      under_way_.fetch_sub(1);
      return mailbox_.post([done = std::move(done)]() mutable {
        done(fail(Code::overloaded, "too many calls to Redis are under way"));
      });
    }
    request->deadline = clock_.steady() + options_.timeout;
    request->done = [this, done = std::move(done)](Result<std::vector<Reply>> replies) mutable {
      under_way_.fetch_sub(1);
      done(std::move(replies));
    };
    mailbox_.post([this, request = std::move(request)] { go(request); });
  }

  void go(const RequestPtr& request) {
    if (stopping_) return request->done(fail(shutting_down()));
    const auto link = router_->link_of(request->slot);
    if (link) return send(request, link, false);
    if (const auto why = router_->why()) return request->done(fail(*why));
    waiting_.push_back(request);
    look_at_waiting();
  }

  void send(const RequestPtr& request, const std::shared_ptr<Link>& link, bool asking) {
    ++request->tries;
    Piece piece;
    piece.bytes = asking ? request->bytes_asking() : request->bytes();
    piece.answers = request->commands.size() * (asking ? 2 : 1);
    piece.deadline = request->deadline;
    piece.done = [this, request, asking, link](Result<std::vector<Raw>> answers, bool) {
      if (!answers) return request->done(fail(std::move(answers.error())));
      answered(request, asking ? without_asking(std::move(*answers)) : std::move(*answers), link->address());
    };
    link->send(std::move(piece));
  }

  void answered(const RequestPtr& request, std::vector<Raw> answers, const Address& from) {
    const bool refused = std::ranges::any_of(answers, [](const Raw& raw) { return !raw.error.empty(); });
    if (!refused || stopping_) return request->done(replies_of(std::move(answers)));
    for (const auto& answer : answers) learn(*request, answer.error, from);
    const std::string& error = answers.front().error;
    if (!nothing_done(*request, answers)) return request->done(replies_of(std::move(answers)));
    if (clock_.steady() >= request->deadline) return request->done(fail(error_of(error)));
    const auto meaning = meaning_of(error);
    switch (meaning.remedy) {
      case Remedy::script:
        if (request->with_script.empty()) return request->done(replies_of(std::move(answers)));
        request->commands.front() = request->with_script;
        return go(request);
      case Remedy::moved:
        if (request->tries > 5) return again_later(request, error);
        return go(request);
      case Remedy::ask:
        return send(request, router_->link_at(place_of(meaning, from)), true);
      case Remedy::lost:
      case Remedy::again:
      case Remedy::none:
        return again_later(request, error);
    }
  }

  void learn(const Request& request, std::string_view error, const Address& from) {
    const auto meaning = meaning_of(error);
    if (meaning.remedy == Remedy::moved && request.slot) router_->moved(*request.slot, place_of(meaning, from));
    if (meaning.remedy == Remedy::lost) router_->look();
  }

  void again_later(const RequestPtr& request, const std::string& error) {
    if (clock_.steady() + kRetryAfter >= request->deadline) return request->done(fail(error_of(error)));
    auto timer = std::make_shared<asio::steady_timer>(io_, kRetryAfter);
    timer->async_wait([this, timer, request](const boost::system::error_code&) { go(request); });
  }

  /// Those that came before anything was known of the servers.
  void try_waiting() {
    for (const auto& request : std::exchange(waiting_, {})) go(request);
  }

  void look_at_waiting() {
    if (std::exchange(looking_, true)) return;
    waiting_timer_.expires_after(kLookAtWaiting);
    waiting_timer_.async_wait([this](const boost::system::error_code& fault) {
      looking_ = false;
      if (fault || stopping_) return;
      const SteadyPoint now = clock_.steady();
      for (auto it = waiting_.begin(); it != waiting_.end();) {
        if (now < (*it)->deadline) {
          ++it;
          continue;
        }
        const auto late = *it;
        it = waiting_.erase(it);
        late->done(fail(Code::unavailable, "no server of {} has been found in time", url_.text()));
      }
      if (!waiting_.empty()) look_at_waiting();
    });
  }

  struct Asked {
    std::vector<Node> nodes;
    std::optional<Error> failed;
    size_t open = 0;
    Done<std::vector<Node>> done;
  };

  void ask_nodes(Done<std::vector<Node>> done, SteadyPoint deadline) {
    if (stopping_) return done(fail(shutting_down()));
    const auto links = router_->primaries();
    if (links.empty()) {
      if (const auto why = router_->why()) return done(fail(*why));
      if (clock_.steady() >= deadline)
        return done(fail(Code::unavailable, "no server of {} has been found in time", url_.text()));
      auto timer = std::make_shared<asio::steady_timer>(io_, kLookAtWaiting);
      return timer->async_wait([this, timer, done = std::move(done), deadline](
                                   const boost::system::error_code&) mutable { ask_nodes(std::move(done), deadline); });
    }
    auto asked = std::make_shared<Asked>();
    asked->open = links.size();
    asked->done = std::move(done);
    for (const auto& link : links) {
      Piece piece;
      append_command(piece.bytes, {"INFO"});
      piece.deadline = deadline;
      piece.done = [asked, address = link->address()](Result<std::vector<Raw>> answers, bool) {
        if (!answers) {
          asked->failed = answers.error();
        } else if (!answers->front().error.empty()) {
          asked->failed = error_of(answers->front().error);
        } else {
          asked->nodes.push_back(node_of(address, answers->front().reply.text));
        }
        if (--asked->open > 0) return;
        if (asked->failed) return asked->done(fail(*asked->failed));
        asked->done(std::move(asked->nodes));
      };
      link->send(std::move(piece));
    }
  }

  static Error shutting_down() {
    return Error{.code = Code::shutting_down, .detail = "the Redis client is stopping", .field = ""};
  }

  void stop() {
    stopping_ = true;
    for (auto& message : mailbox_.drain()) message();
    mailbox_.close();
    waiting_timer_.cancel();
    for (const auto& subscription : subscriptions_) subscription->close(shutting_down());
    router_->close(shutting_down());
    for (const auto& request : std::exchange(waiting_, {})) request->done(fail(shutting_down()));
  }

  Url url_;
  Options options_;
  const Clock& clock_;
  std::unique_ptr<Random> random_ = system_random();
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_ = asio::make_work_guard(io_);
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  asio::steady_timer waiting_timer_{io_};
  std::unique_ptr<Router> router_;
  std::vector<std::unique_ptr<Subscription>> subscriptions_;
  std::list<RequestPtr> waiting_;
  std::atomic<size_t> under_way_ = 0;
  Mailbox mailbox_;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  bool looking_ = false;
};

}  // namespace

Result<std::unique_ptr<Client>> Client::open(Url url, Options options, const Clock& clock) {
  auto client = std::make_unique<AsioClient>(std::move(url), std::move(options), clock);
  if (auto started = client->start(); !started) return fail(started.error());
  return client;
}

}  // namespace schedules::redis
