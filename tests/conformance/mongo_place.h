// Where a test's stores live in the MongoDB beside it, and its documents as other programs write and see them.
#pragma once

#include <memory>
#include <string>

#include "base/random.h"
#include "store/mongo/schedule_store.h"
#include "tests/conformance/schedule_suite.h"

namespace schedules::testing {

/// A database of its own, dropped at the end. Documents are spoken of as MongoDB's extended JSON.
class MongoDatabase {
 public:
  MongoDatabase();
  ~MongoDatabase();
  MongoDatabase(const MongoDatabase&) = delete;

  [[nodiscard]] std::string url() const { return url_at(server_); }
  /// Through something that stands between.
  [[nodiscard]] std::string url_at(const std::string& address) const { return "mongodb://" + address + "/" + name_; }
  [[nodiscard]] const std::string& server() const { return server_; }

  void insert(const std::string& collection, const std::string& json);
  /// Bytes of a document that JSON cannot say.
  void insert_bytes(const std::string& collection, const std::string& bson);
  /// How many it matched.
  int64_t update(const std::string& collection, const std::string& filter, const std::string& change);
  void replace(const std::string& collection, const std::string& filter, const std::string& document);
  int64_t count(const std::string& collection, const std::string& filter = "{}");
  /// As relaxed extended JSON; "" where there is none.
  std::string find(const std::string& collection, const std::string& filter);
  /// The reply.
  std::string command(const std::string& json);

 private:
  struct Driver;
  std::string server_;
  std::string name_;
  std::unique_ptr<Driver> driver_;
};

struct MongoStoreSetup {
  std::string url;
  Replan replan;
  std::string node_id = "a node";
  size_t most_waiting = 2'000;
  std::chrono::days history_ttl{30};
};
std::unique_ptr<MongoScheduleStore> open_mongo(const MongoStoreSetup& setup, const Clock& clock);
inline std::unique_ptr<MongoScheduleStore> open_mongo(const MongoDatabase& database, const Clock& clock) {
  return open_mongo({.url = database.url(), .replan = {}}, clock);
}

Random& test_random();

}  // namespace schedules::testing
