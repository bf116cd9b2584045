// A Cluster: the table of slots as some node told it, corrected by every MOVED, read again while anything is wrong and every
// now and then.
#include <algorithm>
#include <array>
#include <map>

#include "base/log.h"
#include "redis/router.h"

namespace schedules::redis {
namespace {

constexpr size_t kSlots = 16'384;
constexpr auto kLookEvery = std::chrono::seconds(15);
constexpr auto kLookWhileWrong = std::chrono::milliseconds(150);

class ClusterRouter final : public Router {
 public:
  ClusterRouter(Surroundings around, const Url& url, Login login, std::function<void()> changed)
      : around_(around), url_(url), login_(std::move(login)), changed_(std::move(changed)), again_(around.io) {}

  void start() override { look(); }

  std::shared_ptr<Link> link_of(std::optional<uint16_t> slot) override {
    if (slot) return table_[*slot];
    for (const auto& [address, link] : links_) {
      if (link->ready() && is_primary(link)) return link;
    }
    return links_.empty() ? nullptr : links_.begin()->second;
  }

  std::shared_ptr<Link> link_at(const Address& address) override {
    auto& link = links_[address];
    if (!link) {
      link = std::make_shared<Link>(around_, address, login_, [this] { link_changed(); });
      link->open();
    }
    return link;
  }

  void moved(uint16_t slot, const Address& where) override {
    table_[slot] = link_at(where);
    look();
  }

  void look() override {
    if (asking_ || closed_) return;
    asking_ = true;
    candidates_.clear();
    for (const auto& [address, link] : links_) {
      if (link->ready()) candidates_.push_back(address);
    }
    for (const auto& address : url_.addresses) {
      if (std::ranges::find(candidates_, address) == candidates_.end()) candidates_.push_back(address);
    }
    ask_next();
  }

  std::vector<std::shared_ptr<Link>> primaries() override {
    std::vector<std::shared_ptr<Link>> found;
    for (const auto& link : table_) {
      if (link && std::ranges::find(found, link) == found.end()) found.push_back(link);
    }
    return found;
  }

  std::vector<Address> for_subscriptions() override {
    std::vector<Address> found;
    for (const auto& [address, link] : links_) {
      if (link->ready()) found.push_back(address);
    }
    found.insert(found.end(), url_.addresses.begin(), url_.addresses.end());
    return found;
  }

  [[nodiscard]] std::optional<Error> why() const override { return why_; }

  void close(const Error& why) override {
    closed_ = true;
    again_.cancel();
    if (const auto asked = std::exchange(asked_, nullptr)) asked->close(why);
    for (const auto& [address, link] : links_) link->close(why);
    why_ = why;
  }

 private:
  [[nodiscard]] bool is_primary(const std::shared_ptr<Link>& link) const {
    return std::ranges::find(table_, link) != table_.end();
  }

  void ask_next() {
    if (closed_) return;
    if (candidates_.empty()) return finished_looking(false);
    const Address address = candidates_.front();
    candidates_.erase(candidates_.begin());
    // A connection of its own: the node's usual one may be full of calls that it is slow to answer.
    asked_ = std::make_shared<Connection>(around_.io, address, login_, around_.options, around_.clock);
    asked_->open({.ready = {}, .ended = {}, .unasked = {}});
    Piece piece;
    append_command(piece.bytes, {"CLUSTER", "SLOTS"});
    piece.deadline = around_.clock.steady() + around_.options.connect_timeout;
    piece.done = [this, address](const Result<std::vector<Raw>>& answers, bool) {
      if (closed_) return;
      boost::asio::post(around_.io, [connection = std::exchange(asked_, nullptr)] {
        if (connection) connection->close(Error{.code = Code::unavailable, .detail = "no longer needed", .field = ""});
      });
      if (answers && answers->front().error.empty() && !answers->front().reply.items.empty()) {
        take(answers->front().reply, address);
        return finished_looking(true);
      }
      fault_ = !answers ? answers.error()
                        : Error{.code = Code::unavailable,
                                .detail = fmt::format(
                                    "Redis Cluster at {}:{}: {}", address.host, address.port,
                                    answers->front().error.empty() ? "it has no slots" : answers->front().error),
                                .field = ""};
      ask_next();
    };
    asked_->send(std::move(piece));
  }

  void take(const Reply& slots, const Address& asked) {
    std::array<std::shared_ptr<Link>, kSlots> table;
    for (const auto& range : slots.items) {
      if (range.items.size() < 3 || range.items[2].items.size() < 2) continue;
      const auto& node = range.items[2].items;
      // A node that does not know its own name leaves it out.
      const bool named = !node[0].text.empty() && node[0].text != "?";
      const Address address{.host = named ? node[0].text : asked.host, .port = static_cast<uint16_t>(node[1].integer)};
      const auto link = link_at(address);
      const auto last = static_cast<size_t>(std::clamp<int64_t>(range.items[1].integer, 0, kSlots - 1));
      for (auto slot = static_cast<size_t>(std::max<int64_t>(range.items[0].integer, 0)); slot <= last; ++slot) {
        table[slot] = link;
      }
    }
    table_ = std::move(table);
    // One that is still answering goes at a later look: the table may be older than what led to it.
    std::erase_if(links_, [this](const auto& entry) {
      const bool unused = !is_primary(entry.second) && entry.second->idle();
      if (unused) {
        entry.second->close(Error{.code = Code::unavailable, .detail = "the node has no slots any more", .field = ""});
      }
      return unused;
    });
    why_.reset();
  }

  void finished_looking(bool found) {
    asking_ = false;
    if (!found) why_ = fault_;
    changed_();
    const bool all_well = found && std::ranges::none_of(table_, [](const auto& link) { return !link || link->away(); });
    again_.expires_after(all_well ? std::chrono::milliseconds(kLookEvery) : kLookWhileWrong);
    again_.async_wait([this](const boost::system::error_code& fault) {
      if (!fault) look();
    });
  }

  void link_changed() {
    if (closed_) return;
    const bool wrong = std::ranges::any_of(links_, [](const auto& entry) { return entry.second->away().has_value(); });
    if (wrong && !asking_) {
      again_.expires_after(kLookWhileWrong);
      again_.async_wait([this](const boost::system::error_code& fault) {
        if (!fault) look();
      });
    }
    changed_();
  }

  Surroundings around_;
  const Url& url_;
  Login login_;
  std::function<void()> changed_;
  boost::asio::steady_timer again_;
  std::shared_ptr<Connection> asked_;
  std::vector<Address> candidates_;
  std::map<Address, std::shared_ptr<Link>> links_;
  std::array<std::shared_ptr<Link>, kSlots> table_;
  std::optional<Error> fault_;  ///< of this look; why_ once all have been asked
  std::optional<Error> why_;
  bool asking_ = false;
  bool closed_ = false;
};

}  // namespace

std::unique_ptr<Router> make_cluster(Surroundings around, const Url& url, Login login, std::function<void()> changed) {
  return std::make_unique<ClusterRouter>(around, url, std::move(login), std::move(changed));
}

}  // namespace schedules::redis
