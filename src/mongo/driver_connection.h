// A Connection over one client of the driver's pool. This room only; on one thread at a time.
#pragma once

#include <memory>

#include "mongo/connection.h"
#include "mongo/driver.h"

typedef struct _bson_error_t bson_error_t;  // NOLINT: the driver's own declaration

namespace schedules::mongo {

class DriverConnection final : public Connection {
 public:
  DriverConnection(std::shared_ptr<Pool> pool, std::string database);
  ~DriverConnection() override;
  DriverConnection(const DriverConnection&) = delete;

  Status find(const Query& query, const std::function<Status(std::string_view document)>& each) override;
  Result<std::optional<std::string>> find_one(Query query) override;
  Result<Written> write(const std::string& collection, std::span<const Write> writes, Order order) override;
  Result<std::optional<std::string>> find_and_modify(const FindAndModify& request) override;
  Result<uint64_t> count(const std::string& collection, const Document& filter) override;
  Result<std::string> command(const Document& command) override;

  /// Whether a primary answers. Also mends a connection that died while nobody used it.
  Status ping();
  /// A call since the last ping found nobody, or lost its connection.
  [[nodiscard]] bool doubtful() const { return doubtful_; }
  [[nodiscard]] const std::shared_ptr<Pool>& pool() const { return pool_; }

 private:
  Error failed(const bson_error_t& error);

  std::shared_ptr<Pool> pool_;
  const std::string database_;
  mongoc_client_t* client_;
  bool doubtful_ = false;
};

}  // namespace schedules::mongo
