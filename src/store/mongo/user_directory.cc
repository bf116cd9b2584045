#include "store/mongo/user_directory.h"

#include "base/ids.h"
#include "base/text.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

Result<StufioUser> read_user(mongo::Connection& mongo, const std::string& sub) {
  const auto unknown = [] { return fail(Code::not_found, "there is no such user"); };
  const auto id = to_lower(sub);
  if (!is_object_id(id)) return unknown();
  const auto found = mongo.find_one({.collection = collections::kUsers,
                                     .filter = {{"_id", mongo::ObjectId{id}}},
                                     .sort = {},
                                     .projection = {{"is_active", 1}, {"is_superuser", 1}}});
  if (!found) return fail(found.error());
  if (!*found) return unknown();
  const auto flag = [&](std::string_view name) {
    const auto element = mongo::find(**found, name);
    return element && element->boolean().value_or(false);
  };
  return StufioUser{.id = id, .is_active = flag("is_active"), .is_superuser = flag("is_superuser")};
}

}  // namespace

void MongoUserDirectory::find_user(std::string sub, Done<StufioUser> done) {
  client_.call<StufioUser>(
      {}, [sub = std::move(sub)](mongo::Connection& mongo) { return read_user(mongo, sub); }, std::move(done));
}

}  // namespace schedules
