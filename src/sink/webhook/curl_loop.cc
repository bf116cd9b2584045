#include "sink/webhook/curl_loop.h"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <mutex>
#include <optional>
#include <vector>

#include "base/check.h"

namespace schedules {
namespace {

constexpr Duration kTick = std::chrono::seconds(1);

void check_multi(CURLMcode code) { CHECK(code == CURLM_OK); }

/// libcurl wants its process-wide set-up done once; it counts repeats, and is thread-safe about it since 7.84.
void set_up_curl() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  CHECK(done == CURLE_OK);
}

}  // namespace

struct CurlLoop::Impl {
  Options options;
  const Clock& clock;
  CURLM* multi = nullptr;
  int epoll = -1;
  int wake = -1;
  std::optional<SteadyPoint> curl_wants;  ///< when libcurl wants to be called for its time-outs
  SteadyPoint ticked{};
  bool quit = false;
  long transfers = 0;

  std::mutex mutex;
  std::vector<Task> inbox;  ///< guarded by mutex

  std::unique_ptr<Executor> thread;  ///< last, so that it ends first

  Impl(Options given, const Clock& given_clock);
  ~Impl();
  void post(Task task);
  void run();
  void wait();
  void take_inbox();
  void run_timeouts();
  void reap();
  void keep_connections(long more);

  static int on_socket(CURL* easy, curl_socket_t socket, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long timeout_ms, void* self);
};

CurlLoop::Impl::Impl(Options given, const Clock& given_clock) : options(std::move(given)), clock(given_clock) {
  set_up_curl();
  multi = curl_multi_init();
  epoll = epoll_create1(EPOLL_CLOEXEC);
  wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  CHECK(multi != nullptr && epoll >= 0 && wake >= 0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = wake}};
  CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) == 0);
  keep_connections(0);
  check_multi(curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Impl::on_socket));
  check_multi(curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this));
  check_multi(curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Impl::on_timer));
  check_multi(curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this));
  thread = thread_executor(options.thread_name);
  thread->post([this] { run(); });
}

CurlLoop::Impl::~Impl() {
  post([this] { quit = true; });
  thread.reset();
  curl_multi_cleanup(multi);
  close(wake);
  close(epoll);
}

void CurlLoop::Impl::post(Task task) {
  bool was_empty = false;
  {
    const std::scoped_lock lock(mutex);
    was_empty = inbox.empty();
    inbox.push_back(std::move(task));
  }
  if (!was_empty) return;
  const uint64_t one = 1;
  static_cast<void>(write(wake, &one, sizeof(one)));  // fails only when a wake-up is already pending
}

void CurlLoop::Impl::run() {
  while (!quit) {
    wait();
    take_inbox();
    run_timeouts();
    reap();
    const auto now = clock.steady();
    if (now - ticked >= kTick) {
      ticked = now;
      options.tick();
    }
  }
}

void CurlLoop::Impl::wait() {
  using std::chrono::milliseconds;
  auto longest = std::chrono::ceil<milliseconds>(kTick);
  if (curl_wants) {
    const auto left = std::chrono::ceil<milliseconds>(*curl_wants - clock.steady());
    longest = std::clamp(left, milliseconds(0), longest);
  }
  std::array<epoll_event, 64> events{};
  const int count = epoll_wait(epoll, events.data(), events.size(), static_cast<int>(longest.count()));
  for (int i = 0; i < count; ++i) {
    const auto& event = events[static_cast<size_t>(i)];
    if (event.data.fd == wake) {
      uint64_t drained = 0;
      static_cast<void>(read(wake, &drained, sizeof(drained)));
      continue;
    }
    unsigned what = 0;
    if ((event.events & EPOLLIN) != 0) what |= CURL_CSELECT_IN;
    if ((event.events & EPOLLOUT) != 0) what |= CURL_CSELECT_OUT;
    if ((event.events & (EPOLLERR | EPOLLHUP)) != 0) what |= CURL_CSELECT_ERR;
    int running = 0;
    check_multi(curl_multi_socket_action(multi, event.data.fd, static_cast<int>(what), &running));
  }
}

void CurlLoop::Impl::take_inbox() {
  std::vector<Task> tasks;
  {
    const std::scoped_lock lock(mutex);
    tasks.swap(inbox);
  }
  for (auto& task : tasks) task();
}

void CurlLoop::Impl::run_timeouts() {
  if (!curl_wants || clock.steady() < *curl_wants) return;
  curl_wants.reset();
  int running = 0;
  check_multi(curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running));
}

void CurlLoop::Impl::reap() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with the removal
    check_multi(curl_multi_remove_handle(multi, easy));
    keep_connections(-1);
    options.finished(easy, static_cast<int>(code));
  }
}

/// libcurl's limit counts connections in use as well: were it fixed, a crowd of slow transfers would have every
/// quick one open a connection of its own.
void CurlLoop::Impl::keep_connections(long more) {
  transfers += more;
  check_multi(curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, options.kept_connections + transfers));
}

int CurlLoop::Impl::on_socket(CURL* /*easy*/, curl_socket_t socket, int what, void* self, void* /*known*/) {
  const auto* loop = static_cast<Impl*>(self);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(loop->epoll, EPOLL_CTL_DEL, socket, nullptr);  // fails where libcurl closed it first: as good
    return 0;
  }
  epoll_event event{.events = 0, .data = {.fd = socket}};
  if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
  if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
  if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, socket, &event) != 0 && errno == EEXIST) {
    epoll_ctl(loop->epoll, EPOLL_CTL_MOD, socket, &event);
  }
  return 0;
}

int CurlLoop::Impl::on_timer(CURLM* /*multi*/, long timeout_ms, void* self) {
  auto* loop = static_cast<Impl*>(self);
  if (timeout_ms < 0) {
    loop->curl_wants.reset();
  } else {
    loop->curl_wants = loop->clock.steady() + std::chrono::milliseconds(timeout_ms);
  }
  return 0;
}

CurlLoop::CurlLoop(Options options, const Clock& clock) : impl_(std::make_unique<Impl>(std::move(options), clock)) {}
CurlLoop::~CurlLoop() = default;
void CurlLoop::post(Task task) { impl_->post(std::move(task)); }

void CurlLoop::add(void* easy) {
  impl_->keep_connections(1);
  check_multi(curl_multi_add_handle(impl_->multi, easy));
}

void CurlLoop::remove(void* easy) {
  check_multi(curl_multi_remove_handle(impl_->multi, easy));
  impl_->keep_connections(-1);
}

}  // namespace schedules
