#include "store/rocksdb/tuning.h"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace schedules::rocks {
namespace {

constexpr uint64_t kWalBytes = uint64_t{48} << 20U;  // bounds what a start after a crash replays
constexpr int kOpenFiles = 400;                      // below the usual limit of 1,024 descriptors
constexpr uint64_t kBlobFileBytes = uint64_t{64} << 20U;
constexpr uint64_t kSmallestBlob = 4096;

// Finished ids are forgotten once the dedupe window has passed: readers skip them at once, a compaction drops them.
class ForgetExpired final : public rocksdb::CompactionFilter {
 public:
  explicit ForgetExpired(int64_t now) : now_(now) {}
  [[nodiscard]] const char* Name() const override { return "schedules.ForgetExpired"; }
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*, bool*) const override {
    if (value.empty() || value[0] != 'f') return false;
    const auto entry = read_id_entry(std::string_view(value.data(), value.size()));
    return entry && entry->expires_at <= now_;
  }

 private:
  const int64_t now_;
};

class ForgetExpiredFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ForgetExpiredFactory(const Clock& clock) : clock_(clock) {}
  [[nodiscard]] const char* Name() const override { return "schedules.ForgetExpiredFactory"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ForgetExpired>(to_micros(clock_.wall()));
  }

 private:
  const Clock& clock_;
};

// An insert starts where the one before it ended: a group arrives sorted, so it costs a few steps, not a descent. Not
// for families with DeleteRange: RocksDB 7.8 keeps range deletions in a table of their own but shares the hints.
void hint_inserts(rocksdb::ColumnFamilyOptions& family) {
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewCappedPrefixTransform(0));
}

}  // namespace

rocksdb::DBOptions database_options(const RocksOptions& options, rocksdb::Env* env) {
  rocksdb::DBOptions db;
  if (env != nullptr) db.env = env;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_background_jobs = 2;
  db.max_open_files = kOpenFiles;
  db.max_total_wal_size = kWalBytes;
  db.db_write_buffer_size = options.memory_bytes * 3 / 4;
  db.bytes_per_sync = 1U << 20U;
  db.skip_stats_update_on_db_open = true;
  db.keep_log_file_num = 2;
  db.max_log_file_size = 1U << 20U;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  // A log that ends in a torn record is the normal trace of a lost machine: what was acknowledged lies before it.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  return db;
}

std::array<std::string_view, kFamilies> family_names() { return {"default", "due", "id", "done", "tail"}; }

std::array<rocksdb::ColumnFamilyOptions, kFamilies> family_options(const RocksOptions& options, const Clock& clock) {
  rocksdb::BlockBasedTableOptions table;
  // Indexes count as cache too and are read in parts, so that memory stays bounded whatever is pending.
  table.block_cache = rocksdb::NewLRUCache(options.memory_bytes / 4, 0);
  table.cache_index_and_filter_blocks = true;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.block_size = 8192;
  table.format_version = 5;
  // But for the ids: whether an id is new is asked for every event accepted, and the answer comes from the filters
  // alone. They stay in memory, 1.3 bytes an id.
  auto with_filter = table;
  with_filter.index_type = rocksdb::BlockBasedTableOptions::kBinarySearch;
  with_filter.cache_index_and_filter_blocks = false;
  with_filter.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  with_filter.whole_key_filtering = true;

  rocksdb::ColumnFamilyOptions base;
  base.write_buffer_size = options.memory_bytes / 3;
  base.max_write_buffer_number = 4;
  base.compression = rocksdb::kNoCompression;
  // Level 0 is cheap to look things up in here (filters), merging small records is not.
  base.level0_file_num_compaction_trigger = 12;
  base.level0_slowdown_writes_trigger = 40;
  base.level0_stop_writes_trigger = 64;
  base.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

  std::array<rocksdb::ColumnFamilyOptions, kFamilies> families;
  families.fill(base);
  auto& due = families[static_cast<size_t>(Family::due)];
  hint_inserts(due);
  // Every window and begin walks over all runs of level 0: fewer of them, for some more merging.
  due.level0_file_num_compaction_trigger = 8;
  // Big bodies apart from keys, so that merging does not copy them. Small ones are cheaper to copy than to fetch.
  due.enable_blob_files = true;
  due.min_blob_size = kSmallestBlob;
  due.blob_file_size = kBlobFileBytes;
  due.enable_blob_garbage_collection = true;
  due.blob_garbage_collection_force_threshold = 0.5;

  auto& id = families[static_cast<size_t>(Family::id)];
  hint_inserts(id);
  id.memtable_whole_key_filtering = true;  // most lookups are for ids that nobody has seen
  id.memtable_prefix_bloom_size_ratio = 0.05;
  id.table_factory.reset(rocksdb::NewBlockBasedTableFactory(with_filter));
  id.compaction_filter_factory = std::make_shared<ForgetExpiredFactory>(clock);
  id.periodic_compaction_seconds = 24 * 3600;

  return families;
}

}  // namespace schedules::rocks
