#include "api/http/worker.h"

#include <unistd.h>

#include <ctime>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/log.h"

namespace schedules::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

std::string http_date(TimePoint time) {
  const std::time_t seconds = to_micros(time) / 1'000'000;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 40> text{};
  const size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

std::chrono::milliseconds tick_of(const ServerOptions& options) {
  const auto shortest =
      std::min({options.header_timeout, options.body_timeout, options.idle_timeout, options.write_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(10), std::chrono::milliseconds(250));
}

}  // namespace

struct Worker::Impl {
  std::shared_ptr<Shared> shared;
  std::shared_ptr<asio::io_context> io = std::make_shared<asio::io_context>(1);
  asio::steady_timer ticker{*io};
  asio::steady_timer pause{*io};
  std::optional<asio::ip::tcp::acceptor> acceptor;
  std::function<void(int)> accepted;
  std::vector<std::shared_ptr<Connection>> connections;
  Beat beat;
  size_t number = 0;
  std::unique_ptr<Executor> thread;

  void tick() {
    beat.now = shared->clock.steady();
    beat.date = http_date(shared->clock.wall());
    for (const auto& connection : connections) connection->tick();
    std::erase_if(connections, [](const auto& connection) { return connection->closed(); });
    ticker.expires_after(tick_of(shared->options));
    ticker.async_wait([this](error_code ec) {
      if (!ec) tick();
    });
  }

  void accept() {
    acceptor->async_accept([this](error_code ec, asio::ip::tcp::socket socket) {
      if (!acceptor || ec == asio::error::operation_aborted) return;
      if (ec) {
        // Out of descriptors, as a rule: go on once others have closed.
        log::warn("http.accept_failed", {{"error", ec.message()}});
        pause.expires_after(std::chrono::milliseconds(100));
        pause.async_wait([this](error_code stopped) {
          if (!stopped && acceptor) accept();
        });
        return;
      }
      accepted(socket.release());
      accept();
    });
  }
};

Worker::Worker(std::shared_ptr<Shared> shared, size_t number) : impl_(std::make_unique<Impl>()) {
  impl_->shared = std::move(shared);
  impl_->number = number;
  impl_->beat.now = impl_->shared->clock.steady();
  impl_->beat.date = http_date(impl_->shared->clock.wall());
}

Worker::~Worker() { join(); }

void Worker::join() {
  if (!impl_->thread) return;
  impl_->io->stop();
  impl_->thread.reset();
  // Completions of what was aborted own their connections, which own the loop: run them, or neither is ever freed.
  impl_->io->restart();
  impl_->io->poll();
}

void Worker::start() {
  asio::post(*impl_->io, [impl = impl_.get()] { impl->tick(); });
  impl_->thread = thread_executor("http-" + std::to_string(impl_->number));
  impl_->thread->post([io = impl_->io] {
    const auto work = asio::make_work_guard(*io);
    io->run();
  });
}

void Worker::listen(int descriptor, std::function<void(int)> accepted) {
  impl_->accepted = std::move(accepted);
  asio::post(*impl_->io, [impl = impl_.get(), descriptor] {
    // The protocol only matters for what is opened through the acceptor, which is nothing.
    impl->acceptor.emplace(*impl->io, asio::ip::tcp::v4(), descriptor);
    impl->accept();
  });
}

void Worker::stop_listening() {
  asio::post(*impl_->io, [impl = impl_.get()] { impl->acceptor.reset(); });
}

void Worker::adopt(int descriptor, bool refused) {
  asio::post(*impl_->io, [impl = impl_.get(), descriptor, refused] {
    auto connection = make_connection(impl->io, descriptor, impl->shared, impl->beat);
    impl->connections.push_back(connection);
    if (refused) {
      connection->refuse();
    } else {
      connection->start();
    }
    // A drain that ran before this post did not see it.
    if (impl->shared->stopping) connection->drain();
  });
}

void Worker::run_after(std::chrono::milliseconds delay, Task task) {
  auto timer = std::make_shared<asio::steady_timer>(*impl_->io);
  timer->expires_after(delay);
  timer->async_wait([timer, task = std::move(task)](error_code ec) mutable {
    if (!ec) task();
  });
}

void Worker::drain() {
  asio::post(*impl_->io, [impl = impl_.get()] {
    for (const auto& connection : impl->connections) connection->drain();
  });
}

void Worker::abort() {
  asio::post(*impl_->io, [impl = impl_.get()] {
    for (const auto& connection : impl->connections) connection->abort();
    impl->connections.clear();
  });
}

}  // namespace schedules::http
