#include "mongo/driver_connection.h"

#include <mongoc/mongoc.h>

#include "base/check.h"
#include "mongo/errors.h"

namespace schedules::mongo {
namespace {

struct Destroy {
  void operator()(mongoc_collection_t* it) const { mongoc_collection_destroy(it); }
  void operator()(mongoc_cursor_t* it) const { mongoc_cursor_destroy(it); }
  void operator()(mongoc_bulk_operation_t* it) const { mongoc_bulk_operation_destroy(it); }
  void operator()(mongoc_find_and_modify_opts_t* it) const { mongoc_find_and_modify_opts_destroy(it); }
  void operator()(mongoc_read_prefs_t* it) const { mongoc_read_prefs_destroy(it); }
};
template <class T>
using Owned = std::unique_ptr<T, Destroy>;

/// The driver's view of our bytes, for as long as it lives.
class Lent {
 public:
  explicit Lent(const Document& document) : bytes_(document.bytes()) {
    CHECK(bson_init_static(&bson_, reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()));
  }
  Lent(const Lent&) = delete;
  [[nodiscard]] const bson_t* get() const { return &bson_; }

 private:
  std::string bytes_;
  bson_t bson_{};
};

/// What the driver answers with.
class Reply {
 public:
  Reply() { bson_init(&bson_); }
  ~Reply() { bson_destroy(&bson_); }
  Reply(const Reply&) = delete;
  /// For calls that initialise it themselves.
  bson_t* fresh() {
    bson_destroy(&bson_);
    return &bson_;
  }
  [[nodiscard]] std::string_view bytes() const {
    return {reinterpret_cast<const char*>(bson_get_data(&bson_)), bson_.len};
  }

 private:
  bson_t bson_{};
};

Error error_from(const bson_error_t& error) {
  auto source = ErrorSource::driver;
  switch (error.domain) {
    case MONGOC_ERROR_SERVER_SELECTION:
    case MONGOC_ERROR_STREAM:
      source = ErrorSource::selection;
      break;
    case MONGOC_ERROR_SERVER:
    case MONGOC_ERROR_COLLECTION:
    case MONGOC_ERROR_QUERY:
    case MONGOC_ERROR_WRITE_CONCERN:
    case MONGOC_ERROR_COMMAND:
      source = ErrorSource::server;
      break;
    case MONGOC_ERROR_BSON:  // refused before it was sent
      return Error{.code = Code::payload_too_large,
                   .detail = fmt::format("MongoDB: {}", static_cast<const char*>(error.message))};
    default:
      break;
  }
  return error_of(source, static_cast<int64_t>(error.code), static_cast<const char*>(error.message));
}

const mongoc_read_prefs_t* primary() {
  static const Owned<mongoc_read_prefs_t> prefs(mongoc_read_prefs_new(MONGOC_READ_PRIMARY));
  return prefs.get();
}

Owned<mongoc_collection_t> collection_of(mongoc_client_t* client, const std::string& database,
                                         const std::string& name) {
  return Owned<mongoc_collection_t>(mongoc_client_get_collection(client, database.c_str(), name.c_str()));
}

Document options_of(const Query& query) {
  Document options;
  if (!query.sort.empty()) options.add("sort", query.sort);
  if (!query.projection.empty()) options.add("projection", query.projection);
  if (query.skip > 0) options.add("skip", query.skip);
  if (query.limit > 0) options.add("limit", query.limit);
  return options;
}

bool append(mongoc_bulk_operation_t* bulk, const Write& write, bson_error_t* error) {
  const Lent filter(write.filter);
  const Lent document(write.document);
  const Lent options(write.upsert ? Document{{"upsert", true}} : Document{});
  switch (write.kind) {
    case Write::Kind::insert:
      return mongoc_bulk_operation_insert_with_opts(bulk, document.get(), nullptr, error);
    case Write::Kind::replace:
      return mongoc_bulk_operation_replace_one_with_opts(bulk, filter.get(), document.get(), options.get(), error);
    case Write::Kind::remove:
      return mongoc_bulk_operation_remove_many_with_opts(bulk, filter.get(), nullptr, error);
    case Write::Kind::update:
      break;
  }
  if (write.many)
    return mongoc_bulk_operation_update_many_with_opts(bulk, filter.get(), document.get(), options.get(), error);
  return mongoc_bulk_operation_update_one_with_opts(bulk, filter.get(), document.get(), options.get(), error);
}

uint64_t number_in(std::string_view reply, std::string_view name) {
  const auto found = mongo::find(reply, name);
  const auto number = found ? found->integer() : std::nullopt;
  return number ? static_cast<uint64_t>(std::max<int64_t>(*number, 0)) : 0;
}

}  // namespace

DriverConnection::DriverConnection(std::shared_ptr<Pool> pool, std::string database)
    : pool_(std::move(pool)), database_(std::move(database)), client_(pool_->take()) {}

DriverConnection::~DriverConnection() { pool_->give_back(client_); }

Status DriverConnection::ping() {
  const Lent command(Document{{"ping", 1}});
  bson_error_t error{};
  for (const bool again : {false, true}) {
    doubtful_ = false;
    if (mongoc_client_command_simple(client_, "admin", command.get(), primary(), nullptr, &error)) return {};
    // The first one may only have found, and closed, a connection that was dead already.
    if (again || error.domain != MONGOC_ERROR_STREAM) break;
  }
  return fail(failed(error));
}

Error DriverConnection::failed(const bson_error_t& error) {
  auto told = error_from(error);
  doubtful_ = doubtful_ || told.code == Code::unavailable;
  return told;
}

Status DriverConnection::find(const Query& query, const std::function<Status(std::string_view)>& each) {
  const auto collection = collection_of(client_, database_, query.collection);
  const Lent filter(query.filter);
  const Lent options(options_of(query));
  const Owned<mongoc_cursor_t> cursor(
      mongoc_collection_find_with_opts(collection.get(), filter.get(), options.get(), primary()));
  const bson_t* document = nullptr;
  while (mongoc_cursor_next(cursor.get(), &document)) {
    auto done = each({reinterpret_cast<const char*>(bson_get_data(document)), document->len});
    if (!done) return done;
  }
  bson_error_t error{};
  if (mongoc_cursor_error(cursor.get(), &error)) return fail(failed(error));
  return {};
}

Result<std::optional<std::string>> DriverConnection::find_one(Query query) {
  query.limit = 1;
  std::optional<std::string> found;
  auto done = find(query, [&](std::string_view document) -> Status {
    found = std::string(document);
    return {};
  });
  if (!done) return fail(std::move(done.error()));
  return found;
}

Result<Written> DriverConnection::write(const std::string& collection_name, std::span<const Write> writes,
                                        Order order) {
  if (writes.empty()) return Written{};
  const auto collection = collection_of(client_, database_, collection_name);
  const Lent options(Document{{"ordered", order == Order::ordered}});
  const Owned<mongoc_bulk_operation_t> bulk(
      mongoc_collection_create_bulk_operation_with_opts(collection.get(), options.get()));
  bson_error_t error{};
  for (const auto& write : writes) {
    if (!append(bulk.get(), write, &error)) return fail(failed(error));
  }
  Reply reply;
  const bool done = mongoc_bulk_operation_execute(bulk.get(), reply.fresh(), &error) != 0;
  if (!done) return fail(failed(error));
  return Written{.inserted = number_in(reply.bytes(), "nInserted"),
                 .matched = number_in(reply.bytes(), "nMatched"),
                 .modified = number_in(reply.bytes(), "nModified"),
                 .upserted = number_in(reply.bytes(), "nUpserted"),
                 .removed = number_in(reply.bytes(), "nRemoved")};
}

Result<std::optional<std::string>> DriverConnection::find_and_modify(const FindAndModify& request) {
  const auto collection = collection_of(client_, database_, request.collection);
  const Lent filter(request.filter);
  const Lent update(request.update);
  const Lent projection(request.projection);
  const Owned<mongoc_find_and_modify_opts_t> options(mongoc_find_and_modify_opts_new());
  auto flags = static_cast<unsigned>(MONGOC_FIND_AND_MODIFY_RETURN_NEW);
  if (request.upsert) flags |= static_cast<unsigned>(MONGOC_FIND_AND_MODIFY_UPSERT);
  mongoc_find_and_modify_opts_set_update(options.get(), update.get());
  mongoc_find_and_modify_opts_set_flags(options.get(), static_cast<mongoc_find_and_modify_flags_t>(flags));
  if (!request.projection.empty()) mongoc_find_and_modify_opts_set_fields(options.get(), projection.get());
  Reply reply;
  bson_error_t error{};
  if (!mongoc_collection_find_and_modify_with_opts(collection.get(), filter.get(), options.get(), reply.fresh(),
                                                   &error)) {
    return fail(failed(error));
  }
  const auto value = mongo::find(reply.bytes(), "value");
  const auto document = value ? value->document() : std::nullopt;
  if (!document) return std::nullopt;
  return std::string(*document);
}

Result<uint64_t> DriverConnection::count(const std::string& collection_name, const Document& filter) {
  // The command `count`, not an aggregation: it needs no documents to be looked at where an index says enough.
  auto reply = command(Document{{"count", collection_name}, {"query", filter}});
  if (!reply) {
    if (server_code(reply.error()) == kNamespaceNotFound) return 0;
    return fail(std::move(reply.error()));
  }
  return number_in(*reply, "n");
}

Result<std::string> DriverConnection::command(const Document& command) {
  const Lent lent(command);
  Reply reply;
  bson_error_t error{};
  if (!mongoc_client_command_simple(client_, database_.c_str(), lent.get(), primary(), reply.fresh(), &error)) {
    return fail(failed(error));
  }
  return std::string(reply.bytes());
}

}  // namespace schedules::mongo
