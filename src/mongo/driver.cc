#include "mongo/driver.h"

#include <mongoc/mongoc.h>

#include <cstdlib>

#include "base/log.h"
#include "mongo/client.h"
#include "mongo/errors.h"

namespace schedules::mongo {
namespace {

// The driver keeps counters in /dev/shm/mongoc-PID, made before main: each kill -9 would leave a file behind, and the next
// process of that number would warn of it. It is linked in statically so that this can come before it.
[[gnu::constructor(101)]] void keep_counters_in_memory() { setenv("MONGOC_DISABLE_SHM", "1", 0); }

void note(mongoc_log_level_t /*level*/, const char* domain, const char* message, void* /*data*/) {
  log::debug("mongo.driver", {{"domain", domain}, {"message", message}});
}

void set_default(mongoc_uri_t* uri, const char* name, std::chrono::milliseconds value) {
  if (mongoc_uri_has_option(uri, name)) return;
  mongoc_uri_set_option_as_int32(uri, name, static_cast<int32_t>(value.count()));
}

}  // namespace

void DestroyUri::operator()(mongoc_uri_t* uri) const { mongoc_uri_destroy(uri); }

void start_driver() {
  static const bool started = [] {
    mongoc_log_set_handler(note, nullptr);
    mongoc_init();
    return true;
  }();
  static_cast<void>(started);
}

Result<std::shared_ptr<Pool>> Pool::open(const Url& url, const Options& options) {
  start_driver();
  bson_error_t error{};
  const std::unique_ptr<mongoc_uri_t, DestroyUri> uri(mongoc_uri_new_with_error(url.given.c_str(), &error));
  if (!uri) return fail(Code::invalid_argument, "the MongoDB address cannot be read");
  set_default(uri.get(), MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.selection_timeout);
  set_default(uri.get(), MONGOC_URI_CONNECTTIMEOUTMS, options.connect_timeout);
  set_default(uri.get(), MONGOC_URI_SOCKETTIMEOUTMS, options.socket_timeout);
  set_default(uri.get(), MONGOC_URI_HEARTBEATFREQUENCYMS, options.heartbeat);
  if (!url.has_concern) {
    auto* concern = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(concern, static_cast<int32_t>(options.socket_timeout.count()));
    mongoc_write_concern_set_journal(concern, true);
    mongoc_uri_set_write_concern(uri.get(), concern);
    mongoc_write_concern_destroy(concern);
  }
  auto* pool = mongoc_client_pool_new_with_error(uri.get(), &error);
  if (pool == nullptr) {
    return fail(Code::unavailable, "MongoDB at {}: {}", url.shown, static_cast<const char*>(error.message));
  }
  mongoc_client_pool_set_error_api(pool, MONGOC_ERROR_API_VERSION_2);
  mongoc_client_pool_set_appname(pool, options.app_name.c_str());
  return std::shared_ptr<Pool>(new Pool(pool));
}

Pool::~Pool() { mongoc_client_pool_destroy(pool_); }
mongoc_client_t* Pool::take() { return mongoc_client_pool_pop(pool_); }
void Pool::give_back(mongoc_client_t* client) { mongoc_client_pool_push(pool_, client); }

}  // namespace schedules::mongo
