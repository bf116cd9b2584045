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
  RedisJournalMarks(redis::Client& client, std::string prefix) : client_(client), prefix_(std::move(prefix)) {}

  void read(uint32_t shard, Done<JournalMark> done) override;
  void note_filled(uint32_t shard, std::string store, Done<void> done) override;
  void note_unsettled_from(uint32_t shard, int64_t offset, Done<void> done) override;

 private:
  [[nodiscard]] std::string key_of(uint32_t shard) const {
    return fmt::format("{}{{schedules:{}}}:journal", prefix_, shard);
  }

  redis::Client& client_;
  std::string prefix_;
};

}  // namespace schedules
