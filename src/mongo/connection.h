// What can be asked of a MongoDB. Blocking: for the work of a Client's call alone, which is given one and must not keep it.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "mongo/bson.h"

namespace schedules::mongo {

struct Query {
  std::string collection;
  Document filter;
  Document sort;
  Document projection;
  uint64_t skip = 0;
  uint64_t limit = 0;  ///< 0: all
};

/// One change of a bulk. An update's document has operators, $set and the like; a replacement's has none.
struct Write {
  enum class Kind : uint8_t { insert, update, replace, remove };
  Kind kind = Kind::update;
  Document filter;
  Document document;
  bool upsert = false;
  bool many = false;  ///< update: all that match, not one; remove: always all
};

enum class Order : uint8_t { ordered, any };  ///< ordered: what follows one that fails is not done

struct Written {
  uint64_t inserted = 0;
  uint64_t matched = 0;
  uint64_t modified = 0;
  uint64_t upserted = 0;
  uint64_t removed = 0;
};

struct FindAndModify {
  std::string collection;
  Document filter;
  Document update;
  bool upsert = false;
  Document projection;
};

/// Reads ask the primary, whatever the URL prefers. Errors: those of errors.h.
class Connection {
 public:
  virtual ~Connection() = default;
  /// The bytes live during the call; its error ends the search and is answered.
  virtual Status find(const Query& query, const std::function<Status(std::string_view document)>& each) = 0;
  /// The document's bytes.
  virtual Result<std::optional<std::string>> find_one(Query query) = 0;
  virtual Result<Written> write(const std::string& collection, std::span<const Write> writes, Order order) = 0;
  /// The document as it is afterwards; nullopt where none matched.
  virtual Result<std::optional<std::string>> find_and_modify(const FindAndModify& request) = 0;
  virtual Result<uint64_t> count(const std::string& collection, const Document& filter) = 0;
  /// On our database; answers the reply's bytes.
  virtual Result<std::string> command(const Document& command) = 0;

  Result<Written> insert(const std::string& collection, Document document) {
    return write(collection, {{Write{.kind = Write::Kind::insert, .document = std::move(document)}}}, Order::ordered);
  }
  Result<Written> update(const std::string& collection, Document filter, Document change) {
    return write(collection, {{Write{.filter = std::move(filter), .document = std::move(change)}}}, Order::ordered);
  }
  Result<Written> remove(const std::string& collection, Document filter) {
    return write(collection, {{Write{.kind = Write::Kind::remove, .filter = std::move(filter)}}}, Order::ordered);
  }

 private:
  Result<Written> write(const std::string& collection, std::initializer_list<Write> writes, Order order) {
    return write(collection, std::span<const Write>(writes.begin(), writes.size()), order);
  }
};

}  // namespace schedules::mongo
