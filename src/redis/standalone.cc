// One server, always the same.
#include "redis/router.h"

namespace schedules::redis {
namespace {

class Standalone final : public Router {
 public:
  Standalone(Surroundings around, const Url& url, Login login, std::function<void()> changed)
      : link_(std::make_shared<Link>(around, url.addresses.front(), std::move(login), std::move(changed))) {}

  void start() override { link_->open(); }
  std::shared_ptr<Link> link_of(std::optional<uint16_t>) override { return link_; }
  std::shared_ptr<Link> link_at(const Address&) override { return link_; }
  void look() override {}
  std::vector<std::shared_ptr<Link>> primaries() override { return {link_}; }
  std::vector<Address> for_subscriptions() override { return {link_->address()}; }
  [[nodiscard]] std::optional<Error> why() const override { return link_->away(); }
  void close(const Error& why) override { link_->close(why); }

 private:
  std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<Router> make_standalone(Surroundings around, const Url& url, Login login,
                                        std::function<void()> changed) {
  return std::make_unique<Standalone>(around, url, std::move(login), std::move(changed));
}

}  // namespace schedules::redis
