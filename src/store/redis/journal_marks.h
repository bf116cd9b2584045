// The journal's marks in Redis (layout.md): a hash in each shard's slot. Which store it is, the replication id says: it changes
// with a failover, and with a restart that may have lost writes.
#pragma once

#include <string>

#include "redis/client.h"
#include "store/journal_marks.h"

namespace schedules {

class RedisJournalMarks final : public JournalMarks {
 public:
  /// The client must outlive it.
  RedisJournalMarks(redis::Client& client, std::string prefix, std::string node_id)
      : client_(client), prefix_(std::move(prefix)), node_id_(std::move(node_id)) {}

  void read(uint32_t shard, Done<JournalMark> done) override;
  void begin_filling(uint32_t shard, uint64_t epoch, Done<void> done) override;
  void note_filled(uint32_t shard, uint64_t epoch, std::string store, int64_t from, Done<void> done) override;
  void note_unsettled_from(uint32_t shard, uint64_t epoch, int64_t offset, Done<void> done) override;

 private:
  [[nodiscard]] std::string base_of(uint32_t shard) const { return fmt::format("{}{{schedules:{}}}:", prefix_, shard); }
  void call(const redis::Script& script, uint32_t shard, std::vector<std::string> arguments, Done<void> done);

  redis::Client& client_;
  std::string prefix_;
  std::string node_id_;
};

}  // namespace schedules
