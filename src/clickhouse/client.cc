#include "clickhouse/client.h"

#include <curl/curl.h>

#include <mutex>
#include <unordered_map>

#include "base/check.h"
#include "base/executor.h"
#include "clickhouse/request.h"

namespace schedules::clickhouse {
namespace {

constexpr int kLongestWaitMs = 1'000;

/// One thread on which libcurl's multi interface runs; all but the inbox is that thread's own.
class CurlClient final : public Client {
 public:
  CurlClient(Url url, Options options, CURLM* multi);
  ~CurlClient() override;

  void query(Query query, Done<Answer> done) override;
  [[nodiscard]] const Url& url() const override { return url_; }

 private:
  using CallPtr = std::unique_ptr<Call>;

  void run();
  void take_inbox();
  void begin(CallPtr call);
  void reap();
  void answer_refused();
  void end_all();

  const Url url_;
  const Options options_;
  CURLM* const multi_;
  std::unordered_map<void*, CallPtr> active_;
  std::vector<void*> spare_;

  std::mutex mutex_;
  std::vector<CallPtr> inbox_;                           ///< guarded by mutex_
  std::vector<std::pair<Error, Done<Answer>>> refused_;  ///< guarded by mutex_
  size_t under_way_ = 0;                                 ///< guarded by mutex_
  bool quit_ = false;                                    ///< guarded by mutex_

  std::unique_ptr<Executor> thread_;  ///< last, so that it ends first
};

CurlClient::CurlClient(Url url, Options options, CURLM* multi)
    : url_(std::move(url)), options_(std::move(options)), multi_(multi) {
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, options_.connections) == CURLM_OK);
  CHECK(curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, options_.connections) == CURLM_OK);
  thread_ = thread_executor("clickhouse");
  thread_->post([this] { run(); });
}

CurlClient::~CurlClient() {
  {
    const std::scoped_lock lock(mutex_);
    quit_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.reset();
  for (void* easy : spare_) free_handle(easy);
  curl_multi_cleanup(multi_);
}

void CurlClient::query(Query query, Done<Answer> done) {
  {
    const std::scoped_lock lock(mutex_);
    if (quit_ || under_way_ >= options_.max_under_way) {
      auto error = quit_ ? Error{.code = Code::shutting_down, .detail = "the ClickHouse client is closing"}
                         : Error{.code = Code::overloaded,
                                 .detail = "too many ClickHouse queries are under way",
                                 .retry_after = std::chrono::seconds(1)};
      refused_.emplace_back(std::move(error), std::move(done));
      curl_multi_wakeup(multi_);
      return;
    }
    ++under_way_;
  }
  auto call = make_call(std::move(query), std::move(done), url_, options_);
  {
    const std::scoped_lock lock(mutex_);
    inbox_.push_back(std::move(call));
  }
  curl_multi_wakeup(multi_);
}

void CurlClient::run() {
  for (;;) {
    {
      const std::scoped_lock lock(mutex_);
      if (quit_) break;
    }
    take_inbox();
    answer_refused();
    int running = 0;
    CHECK(curl_multi_perform(multi_, &running) == CURLM_OK);
    reap();
    CHECK(curl_multi_poll(multi_, nullptr, 0, kLongestWaitMs, nullptr) == CURLM_OK);
  }
  end_all();
}

void CurlClient::take_inbox() {
  std::vector<CallPtr> calls;
  {
    const std::scoped_lock lock(mutex_);
    calls.swap(inbox_);
  }
  for (auto& call : calls) begin(std::move(call));
}

void CurlClient::begin(CallPtr call) {
  void* easy = nullptr;
  if (spare_.empty()) {
    easy = new_handle(url_, options_);
  } else {
    easy = spare_.back();
    spare_.pop_back();
  }
  prepare(easy, *call, options_);
  active_.emplace(easy, std::move(call));
  CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
}

void CurlClient::reap() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message dies with the removal
    CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
    auto found = active_.extract(easy);
    CHECK(!found.empty());
    auto result = read_result(easy, static_cast<int>(code), *found.mapped(), url_);
    spare_.push_back(easy);
    {
      const std::scoped_lock lock(mutex_);
      --under_way_;
    }
    found.mapped()->done(std::move(result));
  }
}

void CurlClient::answer_refused() {
  std::vector<std::pair<Error, Done<Answer>>> refused;
  {
    const std::scoped_lock lock(mutex_);
    refused.swap(refused_);
  }
  for (auto& [error, done] : refused) done(fail(std::move(error)));
}

void CurlClient::end_all() {
  take_inbox();
  for (auto& [easy, call] : active_) {
    CHECK(curl_multi_remove_handle(multi_, easy) == CURLM_OK);
    free_handle(easy);
    call->done(fail(Code::shutting_down, "the ClickHouse client is closing"));
  }
  active_.clear();
  for (;;) {  // an answer may ask again
    answer_refused();
    const std::scoped_lock lock(mutex_);
    if (refused_.empty()) return;
  }
}

}  // namespace

Result<std::unique_ptr<Client>> Client::open(Url url, Options options) {
  // Once for the process; libcurl counts repeats, and is thread-safe about it since 7.84.
  static const CURLcode set_up = curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* multi = set_up == CURLE_OK ? curl_multi_init() : nullptr;
  if (multi == nullptr) return fail(Code::internal, "libcurl does not start");
  return std::make_unique<CurlClient>(std::move(url), std::move(options), multi);
}

}  // namespace schedules::clickhouse
