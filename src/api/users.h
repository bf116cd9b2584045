// The users of the Stufio framework, as far as access needs them; and a memory of those looked up. Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/result.h"
#include "time/clock.h"

namespace schedules::api {

struct User {
  std::string id;  ///< 24 hex digits, the token's sub
  bool is_active = false;
  bool is_superuser = false;
};

class UserDirectory {
 public:
  virtual ~UserDirectory() = default;
  /// Errors: not_found, unavailable. Answers on any thread.
  virtual void find(std::string sub, Done<User> done) = 0;
};

/// Asks the directory at most once in `keep` for the same user; unknown ones are remembered too, failures are not.
/// `directory` must outlive what is asked of it.
class UserCache {
 public:
  static constexpr Duration kKeep = std::chrono::seconds(30);
  static constexpr size_t kMost = 10'000;

  explicit UserCache(UserDirectory& directory) : known_(std::make_shared<Known>()), directory_(directory) {}
  /// Errors: not_found, unavailable.
  void find(const std::string& sub, TimePoint now, Done<User> done);

 private:
  struct Entry {
    Result<User> user;
    TimePoint at;
  };
  struct Known {
    std::mutex mutex;
    std::unordered_map<std::string, Entry> entries;
  };
  std::shared_ptr<Known> known_;
  UserDirectory& directory_;
};

}  // namespace schedules::api
