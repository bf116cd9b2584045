#include "tests/conformance/mongo_place.h"

#include <mongoc/mongoc.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>

#include "tests/support/server_control.h"

namespace schedules::testing {
namespace {

struct Bson {
  explicit Bson(const std::string& json) {
    bson_error_t error;
    it = bson_new_from_json(reinterpret_cast<const uint8_t*>(json.data()), static_cast<ssize_t>(json.size()), &error);
    if (it == nullptr) throw std::runtime_error(json + ": " + static_cast<const char*>(error.message));
  }
  ~Bson() { bson_destroy(it); }
  Bson(const Bson&) = delete;
  bson_t* it;
};

}  // namespace

struct MongoDatabase::Driver {
  explicit Driver(const std::string& url) : client((mongoc_init(), mongoc_client_new(url.c_str()))) {}
  ~Driver() { mongoc_client_destroy(client); }
  Driver(const Driver&) = delete;
  mongoc_client_t* client;
};

Random& test_random() {
  static const auto random = system_random();
  return *random;
}

MongoDatabase::MongoDatabase() : server_(environment("SCHEDULES_TEST_MONGO")) {
  static std::atomic<int> next = 0;
  name_ = fmt::format("t{}_{}", ::getpid(), next++);
  driver_ = std::make_unique<Driver>(url() + "?serverSelectionTryOnce=false&serverSelectionTimeoutMS=30000");
}

MongoDatabase::~MongoDatabase() {
  try {
    command(R"({"dropDatabase": 1})");
  } catch (const std::exception&) {  // the server is away at the end of an outage's test
  }
}

std::string MongoDatabase::command(const std::string& json) {
  const Bson said(json);
  bson_t reply;
  bson_error_t error;
  const bool done = mongoc_client_command_simple(driver_->client, name_.c_str(), said.it, nullptr, &reply, &error);
  char* text = bson_as_relaxed_extended_json(&reply, nullptr);
  std::string answer = text != nullptr ? text : "";
  bson_free(text);
  bson_destroy(&reply);
  const bool refused = answer.find("writeErrors") != std::string::npos;
  if (!done || refused)
    throw std::runtime_error(json.substr(0, 500) + ": " + (refused ? answer : static_cast<const char*>(error.message)));
  return answer;
}

void MongoDatabase::insert(const std::string& collection, const std::string& json) {
  command(fmt::format(R"({{"insert": "{}", "documents": [{}]}})", collection, json));
}

void MongoDatabase::insert_bytes(const std::string& collection, const std::string& bson) {
  bson_t document;
  if (!bson_init_static(&document, reinterpret_cast<const uint8_t*>(bson.data()), bson.size())) {
    throw std::runtime_error("no BSON");
  }
  auto* target = mongoc_client_get_collection(driver_->client, name_.c_str(), collection.c_str());
  bson_t options = BSON_INITIALIZER;
  BSON_APPEND_BOOL(&options, "validate", false);
  bson_error_t error;
  const bool done = mongoc_collection_insert_one(target, &document, &options, nullptr, &error);
  bson_destroy(&options);
  mongoc_collection_destroy(target);
  if (!done) throw std::runtime_error(static_cast<const char*>(error.message));
}

int64_t MongoDatabase::update(const std::string& collection, const std::string& filter, const std::string& change) {
  const Bson reply(command(fmt::format(R"({{"update": "{}", "updates": [{{"q": {}, "u": {}, "multi": true}}]}})",
                                       collection, filter, change)));
  bson_iter_t at;
  return bson_iter_init_find(&at, reply.it, "n") ? bson_iter_as_int64(&at) : 0;
}

void MongoDatabase::replace(const std::string& collection, const std::string& filter, const std::string& document) {
  command(fmt::format(R"({{"update": "{}", "updates": [{{"q": {}, "u": {}}}]}})", collection, filter, document));
}

int64_t MongoDatabase::count(const std::string& collection, const std::string& filter) {
  const Bson reply(command(fmt::format(R"({{"count": "{}", "query": {}}})", collection, filter)));
  bson_iter_t at;
  return bson_iter_init_find(&at, reply.it, "n") ? bson_iter_as_int64(&at) : 0;
}

std::string MongoDatabase::find(const std::string& collection, const std::string& filter) {
  const Bson wanted(filter);
  auto* from = mongoc_client_get_collection(driver_->client, name_.c_str(), collection.c_str());
  auto* cursor = mongoc_collection_find_with_opts(from, wanted.it, nullptr, nullptr);
  const bson_t* document = nullptr;
  std::string found;
  if (mongoc_cursor_next(cursor, &document)) {
    char* text = bson_as_relaxed_extended_json(document, nullptr);
    found = text;
    bson_free(text);
  }
  mongoc_cursor_destroy(cursor);
  mongoc_collection_destroy(from);
  return found;
}

std::unique_ptr<MongoScheduleStore> open_mongo(const MongoStoreSetup& setup, const Clock& clock) {
  mongo::Options client;
  client.most_waiting = setup.most_waiting;
  MongoLayoutOptions layout;
  layout.node_id = setup.node_id;
  layout.history_ttl = setup.history_ttl;
  return MongoScheduleStore::open({.url = mongo::parse_url(setup.url).value(),
                                   .client = std::move(client),
                                   .layout = std::move(layout),
                                   .replan = setup.replan},
                                  clock, test_random());
}

}  // namespace schedules::testing
