// A Redis client with calls that wait, for tests beside a real server.
#pragma once

#include <gtest/gtest.h>

#include <atomic>

#include "redis/client.h"
#include "tests/conformance/schedule_await.h"
#include "tests/support/server_control.h"

namespace schedules::redis {

class RedisTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Client> connect(const std::string& url, Options options = {}) {
    static const SystemClock clock;
    return Client::open(parse_url(url).value(), options, clock).value();
  }
  static Result<std::vector<Reply>> run(Client& client, std::string key,
                                        std::vector<std::vector<std::string>> commands) {
    return testing::await<std::vector<Reply>>(
        [&](auto done) { client.run(Batch{.key = std::move(key), .commands = std::move(commands)}, std::move(done)); });
  }
  static Result<Reply> one(Client& client, std::vector<std::string> words) {
    const std::string key = words.size() > 1 ? words[1] : "";
    auto replies = run(client, key, {std::move(words)});
    if (!replies) return fail(replies.error());
    return std::move(replies->front());
  }
  /// Until `fact` holds; the test fails after half a minute.
  template <class Fact>
  static void until(Fact fact, const char* what) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!fact()) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << what;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
};

}  // namespace schedules::redis
