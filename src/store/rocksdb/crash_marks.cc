#include "store/rocksdb/crash_marks.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <numeric>

#include "base/codec.h"
#include "base/file.h"
#include "base/log.h"
#include "store/crash_note.h"
#include "store/rocksdb/layout.h"

namespace schedules::rocks {
namespace {

constexpr size_t kFileBytes = size_t{CrashMarks::kSlots} * sizeof(EventId);
constexpr size_t kEntryBytes = kIdBytes + 8;

static_assert(sizeof(EventId) == kIdBytes);

EventId* map_slots(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return nullptr;
  // Blocks are taken now: a full disk must not become a SIGBUS at a later mark.
  void* mapped = ::posix_fallocate(file, 0, kFileBytes) == 0
                     ? ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0)
                     : MAP_FAILED;
  ::close(file);
  return mapped == MAP_FAILED ? nullptr : static_cast<EventId*>(mapped);
}

Status replace_file(const std::string& path, const std::string& bytes) {
  const auto fresh = path + ".new";
  {
    std::ofstream out(fresh, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out.flush()) return fail(Code::io_error, "{} cannot be written", fresh);
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return fail(Code::io_error, "{} cannot be replaced", path);
  return {};
}

}  // namespace

std::unique_ptr<CrashMarks> CrashMarks::open(const std::string& dir, TimePoint now,
                                             const std::function<bool(const EventId&)>& waits) {
  EventId* slots = map_slots(dir + "/in_flight");
  if (slots == nullptr) {
    log::warn("rocksdb.no_crash_marks", {{"dir", dir}, {"error", std::strerror(errno)}});
    return nullptr;
  }
  std::unique_ptr<CrashMarks> marks(new CrashMarks(slots));
  if (auto taken = marks->take_over(dir + "/crashes", now, waits); !taken) {
    log::warn("rocksdb.crash_marks", {{"dir", dir}, {"error", taken.error().detail}});
  }
  return marks;
}

Status CrashMarks::take_over(const std::string& path, TimePoint now, const std::function<bool(const EventId&)>& waits) {
  free_.resize(kSlots);
  std::iota(free_.rbegin(), free_.rend(), 0U);
  const auto before = read_file(path);
  const std::string_view entries = before ? std::string_view(*before) : std::string_view{};
  for (size_t at = 0; at + kEntryBytes <= entries.size(); at += kEntryBytes) {
    EventId id;
    std::memcpy(id.bytes.data(), entries.data() + at, kIdBytes);
    if (waits(id)) crashes_[id].push_back(from_micros(static_cast<int64_t>(read_be64(entries.substr(at + kIdBytes)))));
  }
  for (uint32_t slot = 0; slot < kSlots; ++slot) {
    if (slots_[slot] != EventId{} && waits(slots_[slot])) crashes_[slots_[slot]].push_back(now);
  }
  std::string bytes;
  for (const auto& [id, times] : crashes_) {
    for (const auto& at : times) {
      bytes.append(id.view());
      append_be64(bytes, static_cast<uint64_t>(to_micros(at)));
    }
  }
  // First the crashes, then the slots: a crash in between counts twice rather than not at all.
  if (bytes != entries) {
    if (auto replaced = replace_file(path, bytes); !replaced) return replaced;
  }
  std::fill_n(slots_, kSlots, EventId{});
  return {};
}

CrashMarks::~CrashMarks() {
  std::fill_n(slots_, kSlots, EventId{});
  ::munmap(slots_, kFileBytes);
}

uint32_t CrashMarks::mark(const EventId& id) {
  if (free_.empty()) return kNone;
  const uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = id;
  return slot;
}

void CrashMarks::clear(uint32_t slot) {
  if (slot == kNone) return;
  slots_[slot] = EventId{};
  free_.push_back(slot);
}

void CrashMarks::note(Event& event) const {
  if (crashes_.empty()) return;
  const auto found = crashes_.find(event.id);
  if (found == crashes_.end()) return;
  for (const auto& at : found->second) note_crash(event, at);
}

}  // namespace schedules::rocks
