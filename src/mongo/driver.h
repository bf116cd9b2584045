// The MongoDB C driver, for this room's sources alone: started once, and one pool of its connections to one URL.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/result.h"
#include "mongo/url.h"

typedef struct _mongoc_client_pool_t mongoc_client_pool_t;  // NOLINT: the driver's own declarations
typedef struct _mongoc_client_t mongoc_client_t;            // NOLINT
typedef struct _mongoc_uri_t mongoc_uri_t;                  // NOLINT

namespace schedules::mongo {

struct Options;

struct DestroyUri {
  void operator()(mongoc_uri_t* uri) const;
};

/// Once for the process; the driver's own log goes into ours, at level debug.
void start_driver();

/// Watches the servers on a thread of the driver's.
class Pool {
 public:
  /// For mongodb+srv:// this asks DNS, and so may block. Errors: invalid_argument, unavailable.
  static Result<std::shared_ptr<Pool>> open(const Url& url, const Options& options);
  ~Pool();
  Pool(const Pool&) = delete;

  mongoc_client_t* take();
  void give_back(mongoc_client_t* client);

 private:
  explicit Pool(mongoc_client_pool_t* pool) : pool_(pool) {}
  mongoc_client_pool_t* pool_;
};

}  // namespace schedules::mongo
