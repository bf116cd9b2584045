#include "store/rocksdb/run_cursor.h"

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>

#include "base/log.h"

namespace schedules::rocks {
namespace {

constexpr int64_t kLongestJumpUs = int64_t{1} << 52U;  // over a century

}  // namespace

struct RunCursor::Bounds {
  std::string end;
  rocksdb::Slice end_slice;
};

RunCursor::RunCursor(const Database::Reading& reading, const RunId& run, const Place& from, How how)
    : reading_(&reading), run_(run), fill_cache_(how.fill_cache), bounds_(std::make_unique<Bounds>()) {
  bounds_->end = run_end(run);
  bounds_->end_slice = bounds_->end;
  open(true);
  place_ = from;
  seek(from);
}

RunCursor::RunCursor(RunCursor&&) noexcept = default;
RunCursor& RunCursor::operator=(RunCursor&&) noexcept = default;
RunCursor::~RunCursor() = default;

void RunCursor::open(bool verify) {
  rocksdb::ReadOptions options;
  options.verify_checksums = verify;
  options.fill_cache = verify && fill_cache_;  // what is not verified must not be taken for sound later
  options.iterate_upper_bound = &bounds_->end_slice;
  iterator_.reset(reading_->db().NewIterator(options, reading_->family(Family::due)));
}

void RunCursor::seek(const Place& place) {
  const auto key = pack(DueKey{.run = run_, .place = place});
  iterator_->Seek(rocksdb::Slice(key.data(), key.size()));
  settle();
}

void RunCursor::next() {
  iterator_->Next();
  settle();
}

void RunCursor::settle() {
  valid_ = iterator_->Valid();
  if (!valid_) {
    if (iterator_->status().IsCorruption()) return step_over_damage();
    if (!iterator_->status().ok()) status_ = fail(to_error(iterator_->status(), "reading waiting events"));
    return;
  }
  const auto key = read_due_key({iterator_->key().data(), iterator_->key().size()});
  if (!key) {
    log::error("rocksdb.damaged_key", {{"shard", std::to_string(run_.shard)}});
    return next();
  }
  place_ = key->place;
  moved_ = true;
  const int8_t priority = run_.tier == Tier::near ? priority_of(run_.priority_class) : int8_t{0};
  rank_ = Event::rank_of(from_micros(place_.fire_at), priority);
}

// RocksDB does not say which record is damaged, only that it cannot go on. Without checksums it may name the record, for the
// log; its key is not to be relied on. A jump ahead finds sound ground again: the rest of the block is lost.
void RunCursor::step_over_damage() {
  const auto reason = iterator_->status().ToString();
  const Place last = moved_ ? Place{place_.fire_at, place_.sequence + 1} : place_;
  open(false);
  const auto start = pack(DueKey{.run = run_, .place = last});
  iterator_->Seek(rocksdb::Slice(start.data(), start.size()));
  const bool named = iterator_->Valid() && read_due_key({iterator_->key().data(), iterator_->key().size()}).has_value();
  const std::string_view value = named ? std::string_view(iterator_->value().data(), iterator_->value().size()) : "";
  const auto id = read_due_id(value);
  reading_->damage().note(view(pack(DueKey{.run = run_, .place = last})), id ? id->text() : "unknown", reason);
  if (!sound_at(last) && !find_sound_ground(last)) {
    valid_ = false;
    return;
  }
  settle();
}

/// Whether a scan from this place meets no damage first. An iterator that has met some may go on failing, so each
/// try takes a new one.
bool RunCursor::sound_at(const Place& place) {
  open(true);
  const auto key = pack(DueKey{.run = run_, .place = place});
  iterator_->Seek(rocksdb::Slice(key.data(), key.size()));
  return iterator_->Valid() || !iterator_->status().IsCorruption();
}

// Every seek to before the end of the damage fails, every later one succeeds: so the end is found by halving, first by
// time, then among the events of one instant. False: nothing behind is readable.
bool RunCursor::find_sound_ground(const Place& damaged) {
  int64_t bad = damaged.fire_at;
  int64_t step = 1;
  while (!sound_at(Place{std::max(bad, int64_t{0}) + step, 0})) {
    bad = std::max(bad, int64_t{0}) + step;
    if (step > kLongestJumpUs) return false;
    step *= 2;
  }
  int64_t sound = std::max(bad, int64_t{0}) + step;
  while (sound - bad > 1) {
    const int64_t middle = bad + (sound - bad) / 2;
    (sound_at(Place{middle, 0}) ? sound : bad) = middle;
  }
  uint64_t bad_sequence = bad == damaged.fire_at ? damaged.sequence : 0;
  uint64_t sound_sequence = UINT64_MAX;
  while (sound_sequence - bad_sequence > 1) {
    const uint64_t middle = bad_sequence + (sound_sequence - bad_sequence) / 2;
    (sound_at(Place{bad, middle}) ? sound_sequence : bad_sequence) = middle;
  }
  return sound_at(Place{bad, sound_sequence}) || sound_at(Place{sound, 0});
}

std::string_view RunCursor::value() const {
  const auto value = iterator_->value();
  return {value.data(), value.size()};
}

RunCursor* first_of(std::vector<RunCursor>& cursors, Order order) {
  RunCursor* first = nullptr;
  for (auto& cursor : cursors) {
    if (!cursor.valid()) continue;
    if (first == nullptr) {
      first = &cursor;
      continue;
    }
    const bool earlier = order == Order::fire_time ? cursor.place() < first->place()
                                                   : std::pair(cursor.rank(), cursor.place().sequence) <
                                                         std::pair(first->rank(), first->place().sequence);
    if (earlier) first = &cursor;
  }
  return first;
}

Status status_of(const std::vector<RunCursor>& cursors) {
  for (const auto& cursor : cursors) {
    if (!cursor.status()) return cursor.status();
  }
  return {};
}

}  // namespace schedules::rocks
