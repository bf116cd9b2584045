// Which server has a key: one way to know it for each topology. Owned by the client's io thread. Only for this room's
// sources.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "redis/link.h"

namespace schedules::redis {

class Router {
 public:
  virtual ~Router() = default;
  virtual void start() = 0;
  /// nullptr: not known at this moment; see why().
  virtual std::shared_ptr<Link> link_of(std::optional<uint16_t> slot) = 0;
  /// Where a key is that its own server does not have.
  virtual std::shared_ptr<Link> link_at(const Address& address) = 0;
  virtual void moved(uint16_t /*slot*/, const Address& /*where*/) {}
  /// What is known may be wrong: find out anew.
  virtual void look() = 0;
  /// Every primary that is known.
  virtual std::vector<std::shared_ptr<Link>> primaries() = 0;
  /// Servers where a subscription can be had, best first.
  virtual std::vector<Address> for_subscriptions() = 0;
  /// Why nothing is known; nullopt: the first answer is not there yet, or all is well.
  [[nodiscard]] virtual std::optional<Error> why() const = 0;
  virtual void close(const Error& why) = 0;
};

/// `changed`: link_of may answer otherwise now.
std::unique_ptr<Router> make_standalone(Surroundings around, const Url& url, Login login,
                                        std::function<void()> changed);
std::unique_ptr<Router> make_sentinel(Surroundings around, const Url& url, Login login, std::function<void()> changed);
std::unique_ptr<Router> make_cluster(Surroundings around, const Url& url, Login login, std::function<void()> changed);

}  // namespace schedules::redis
