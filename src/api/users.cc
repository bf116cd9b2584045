#include "api/users.h"

#include "base/ids.h"

namespace schedules::api {

void UserCache::find(const std::string& sub, TimePoint now, Done<User> done) {
  if (!is_object_id(sub)) return done(fail(Code::not_found, "User not found"));
  std::optional<Result<User>> found;
  {
    const std::scoped_lock lock(known_->mutex);
    const auto entry = known_->entries.find(sub);
    // A clock that was stepped back makes nothing last longer.
    if (entry != known_->entries.end() && now >= entry->second.at && now - entry->second.at < kKeep)
      found = entry->second.user;
  }
  if (found) return done(std::move(*found));
  directory_.find(sub, [known = known_, sub, now, done = std::move(done)](Result<User> user) mutable {
    if (user || user.error().code == Code::not_found) {
      const std::scoped_lock lock(known->mutex);
      if (known->entries.size() >= kMost) known->entries.clear();
      known->entries.insert_or_assign(sub, Entry{user, now});
    }
    done(std::move(user));
  });
}

}  // namespace schedules::api
