// A shard's window: what the priorities have, merged. Each call of Redis is bounded; a long window takes several.
#include <algorithm>

#include "store/redis/faces.h"
#include "store/redis/scripts.h"
#include "store/redis/value.h"

namespace schedules::redis {
namespace {

constexpr size_t kMost = 2'000;  // entries in one call, about: 2 ms of Redis

/// Of one priority, by fire_at. The last one may lie beyond the window: it is what comes next.
struct Level {
  int8_t priority = 0;
  std::vector<WindowEntry> entries;
  size_t first = 0;
  bool cut_short = false;  ///< there is more within the window
  WindowEntry last;        ///< taken; valid where first > 0

  [[nodiscard]] bool empty() const { return first == entries.size(); }
  [[nodiscard]] const WindowEntry& head() const { return entries[first]; }
};

auto by_rank(const WindowEntry& entry) {
  return std::pair(Event::rank_of(entry.fire_at, entry.priority), entry.sequence);
}
auto by_time(const WindowEntry& entry) { return std::pair(entry.fire_at, entry.sequence); }

class WindowRead : public std::enable_shared_from_this<WindowRead> {
 public:
  WindowRead(Shards& shards, const WindowRequest& request, Done<WindowPage> done)
      : shards_(shards), request_(request), limit_(std::max<size_t>(request.limit, 1)), done_(std::move(done)) {
    page_.covered_until = request.until;
  }

  void start() { ask({}); }

 private:
  void ask(std::vector<std::string> from) {
    std::vector<std::string> arguments{std::to_string(request_.epoch), shards_.now(), micros_text(request_.until),
                                       std::to_string(std::min(limit_, kMost)), shards_.options().node_id};
    std::ranges::move(from, std::back_inserter(arguments));
    shards_.read(request_.shard, window_script(), std::move(arguments),
                 [self = shared_from_this()](const Result<Reply>& reply) {
                   if (!reply) return self->done_(fail(reply.error()));
                   self->take(*reply);
                   self->merge();
                 });
  }

  void take(const Reply& reply) {
    for (auto& level : levels_) {
      if (level.empty()) level.cut_short = false;  // asked for; set again below where there is still more
    }
    for (const auto& item : reply.items) {
      if (item.items.size() != 3) continue;
      const auto priority = static_cast<int8_t>(item.items[0].integer);
      auto level = std::ranges::find(levels_, priority, &Level::priority);
      if (level == levels_.end()) level = levels_.insert(levels_.end(), Level{.priority = priority});
      level->cut_short = item.items[1].integer == 1;
      level->entries.clear();
      level->first = 0;
      const auto& members = item.items[2].items;
      for (size_t i = 0; i + 1 < members.size(); i += 2) {
        level->entries.push_back({.id = id_of_member(members[i].text),
                                  .fire_at = from_micros(std::strtoll(members[i + 1].text.c_str(), nullptr, 10)),
                                  .sequence = sequence_of(members[i].text),
                                  .priority = priority,
                                  .shard = request_.shard});
      }
    }
  }

  // First what is due, best rank first, then the later ones by time.
  void merge() {
    const TimePoint due = std::min(request_.now, request_.until);
    while (true) {
      if (auto* level = cut_short()) return ask_on(*level);
      Level* best = first(by_rank, due);
      const bool is_due = best != nullptr;
      if (!is_due) best = first(by_time, TimePoint::max());
      if (best == nullptr) break;
      const auto& head = best->head();
      if (head.fire_at > request_.until || page_.entries.size() == limit_) {
        page_.next_fire_at = head.fire_at;
        if (is_due) page_.covered_until = TimePoint::min();
        if (!is_due && head.fire_at <= request_.until) page_.covered_until = head.fire_at - Duration(1);
        break;
      }
      best->last = head;
      page_.entries.push_back(head);
      ++best->first;
    }
    done_(std::move(page_));
  }

  template <class Key>
  Level* first(Key key, TimePoint until) {
    Level* best = nullptr;
    for (auto& level : levels_) {
      if (level.empty() || level.head().fire_at > until) continue;
      if (best == nullptr || key(level.head()) < key(best->head())) best = &level;
    }
    return best;
  }

  Level* cut_short() {
    const auto found =
        std::ranges::find_if(levels_, [](const Level& level) { return level.empty() && level.cut_short; });
    return found == levels_.end() ? nullptr : &*found;
  }

  void ask_on(const Level& level) {
    ask({std::to_string(level.priority), micros_text(level.last.fire_at), std::to_string(level.last.sequence + 1)});
  }

  Shards& shards_;
  const WindowRequest request_;
  const size_t limit_;
  Done<WindowPage> done_;
  WindowPage page_;
  std::vector<Level> levels_;
};

}  // namespace

void Near::window(WindowRequest request, Done<WindowPage> done) {
  shards_.gate().pass([this, request, done = std::move(done)](Result<void> open) mutable {
    if (!open) return done(fail(std::move(open.error())));
    give_back(shards_.doubts().take(request.shard, request.epoch),
              [this, request, done = std::move(done)](Result<void> given) mutable {
                if (!given) return done(fail(std::move(given.error())));
                std::make_shared<WindowRead>(shards_, request, std::move(done))->start();
              });
  });
}

}  // namespace schedules::redis
