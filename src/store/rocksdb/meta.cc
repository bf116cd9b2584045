#include "store/rocksdb/meta.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace schedules::rocks {

// Written without a family handle: family default is the batch's own default.
void put_meta(rocksdb::WriteBatch& batch, std::string_view word, std::string_view part, std::string_view value) {
  const auto key = std::string(word) + std::string(part);
  static_cast<void>(batch.Put(key, rocksdb::Slice(value.data(), value.size())));
}

void drop_meta(rocksdb::WriteBatch& batch, std::string_view word, std::string_view part) {
  static_cast<void>(batch.Delete(std::string(word) + std::string(part)));
}

Status each_meta(const Database::Reading& reading, std::string_view word,
                 const std::function<bool(std::string_view, std::string_view)>& each) {
  const std::unique_ptr<rocksdb::Iterator> it(
      reading.db().NewIterator(rocksdb::ReadOptions(), reading.family(Family::meta)));
  const rocksdb::Slice prefix(word.data(), word.size());
  for (it->Seek(prefix); it->Valid() && it->key().starts_with(prefix); it->Next()) {
    const std::string_view key(it->key().data(), it->key().size());
    const std::string_view value(it->value().data(), it->value().size());
    if (!each(key.substr(word.size()), value)) {
      return fail(Code::corrupt, "the event store's record of {} cannot be read", word);
    }
  }
  if (!it->status().ok()) return fail(to_error(it->status(), "reading the event store's figures"));
  return {};
}

}  // namespace schedules::rocks
