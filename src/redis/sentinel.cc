// The primary that the Sentinels name. They are asked again each time that the way to it breaks, or that it says it is no
// primary any more, until one is found that is.
#include "base/log.h"
#include "redis/router.h"

namespace schedules::redis {
namespace {

class SentinelRouter final : public Router {
 public:
  SentinelRouter(Surroundings around, const Url& url, Login login, std::function<void()> changed)
      : around_(around), url_(url), login_(std::move(login)), changed_(std::move(changed)), again_(around.io) {
    login_.primary = true;
  }

  void start() override { look(); }
  std::shared_ptr<Link> link_of(std::optional<uint16_t>) override { return primary_; }
  std::shared_ptr<Link> link_at(const Address&) override { return primary_; }
  std::vector<std::shared_ptr<Link>> primaries() override {
    return primary_ ? std::vector{primary_} : std::vector<std::shared_ptr<Link>>{};
  }
  std::vector<Address> for_subscriptions() override {
    return primary_ ? std::vector{primary_->address()} : std::vector<Address>{};
  }
  [[nodiscard]] std::optional<Error> why() const override { return primary_ ? primary_->away() : why_; }

  void look() override {
    if (asking_ || closed_) return;
    asking_ = true;
    fault_.reset();
    ask(0);
  }

  void close(const Error& why) override {
    closed_ = true;
    again_.cancel();
    if (const auto asked = std::exchange(asked_, nullptr)) asked->close(why);
    if (primary_) primary_->close(why);
    why_ = why;
  }

 private:
  /// The one that answered last goes first: some may be away for good.
  void ask(size_t index) {
    if (closed_) return;
    if (index >= url_.addresses.size()) return nobody_knows();
    const size_t which = (answered_ + index) % url_.addresses.size();
    Login login = login_;
    login.user.clear();
    login.password = url_.sentinel_password;
    login.database = 0;
    login.primary = false;
    asked_ = std::make_shared<Connection>(around_.io, url_.addresses[which], login, around_.options, around_.clock);
    asked_->open({.ready = {}, .ended = {}, .unasked = {}});
    Piece piece;
    append_command(piece.bytes, {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", url_.master_name});
    piece.deadline = around_.clock.steady() + around_.options.connect_timeout;
    piece.done = [this, index, which](Result<std::vector<Raw>> answers, bool) {
      if (closed_) return;
      // The connection ends in its own turn, not while it answers.
      boost::asio::post(around_.io, [connection = std::exchange(asked_, nullptr)] {
        if (connection) connection->close(Error{.code = Code::unavailable, .detail = "no longer needed", .field = ""});
      });
      if (!answers) {
        fault_ = answers.error();
        return ask(index + 1);
      }
      told(answers->front(), index, which);
    };
    asked_->send(std::move(piece));
  }

  void told(const Raw& answer, size_t index, size_t which) {
    const auto& items = answer.reply.items;
    Address address;
    if (!answer.error.empty() || items.size() != 2) {
      fault_ = Error{.code = Code::unavailable,
                     .detail = answer.error.empty() ? fmt::format("no Sentinel knows a master {}", url_.master_name)
                                                    : fmt::format("Sentinel: {}", answer.error),
                     .field = ""};
      return ask(index + 1);
    }
    address.host = items[0].text;
    address.port = static_cast<uint16_t>(std::strtoul(items[1].text.c_str(), nullptr, 10));
    asking_ = false;
    answered_ = which;
    if (!primary_ || primary_->address() != address) {
      if (primary_) {
        log::warn("redis.new_primary", {{"address", fmt::format("{}:{}", address.host, address.port)}});
        primary_->close(Error{.code = Code::unavailable, .detail = "Redis has another primary now", .field = ""});
      }
      primary_ = std::make_shared<Link>(around_, address, login_, [this] { link_changed(); });
      primary_->open();
      changed_();
    } else if (primary_->away()) {
      look_later();
    }
  }

  void nobody_knows() {
    asking_ = false;
    why_ = fault_;
    look_later();
    changed_();
  }

  void link_changed() {
    if (primary_ && primary_->away()) look_later();
    if (primary_ && primary_->ready()) failures_ = 0;
    changed_();
  }

  void look_later() {
    if (closed_) return;
    again_.expires_after(std::min(pause_after(failures_++, around_.random), std::chrono::milliseconds(250)));
    again_.async_wait([this](const boost::system::error_code& fault) {
      if (!fault) look();
    });
  }

  Surroundings around_;
  const Url& url_;
  Login login_;
  std::function<void()> changed_;
  boost::asio::steady_timer again_;
  std::shared_ptr<Connection> asked_;
  std::shared_ptr<Link> primary_;
  std::optional<Error> fault_;  ///< of this round; why_ once all have been asked
  std::optional<Error> why_;
  size_t answered_ = 0;
  unsigned failures_ = 0;
  bool asking_ = false;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Router> make_sentinel(Surroundings around, const Url& url, Login login, std::function<void()> changed) {
  return std::make_unique<SentinelRouter>(around, url, std::move(login), std::move(changed));
}

}  // namespace schedules::redis
