#include "journal/rebuild.h"

#include "base/await.h"
#include "base/executor.h"
#include "base/log.h"

namespace schedules {
namespace {

using Outcomes = std::vector<PutOutcome>;

Status first_error(const Result<Outcomes>& outcomes) {
  if (!outcomes) return fail(outcomes.error());
  for (const auto& outcome : *outcomes) {
    if (outcome.error) return fail(*outcome.error);
  }
  return {};
}

}  // namespace

Rebuild::Rebuild(Ports ports) : ports_(std::move(ports)) {
  for (size_t i = 0; i < ports_.side_by_side; ++i) threads_.emplace_back([this] { run(); });
}

void Rebuild::stop() {
  std::deque<Turn> left;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    left = std::exchange(turns_, {});
    wake_.notify_all();
  }
  for (auto& thread : threads_) thread.join();
  threads_.clear();
  for (auto& turn : left) {
    if (turn.done) turn.done(fail(Code::shutting_down, "the scheduler is stopping"));
  }
}

void Rebuild::ensure(uint32_t shard, uint64_t epoch, Done<void> done) {
  ports_.marks.read(shard, [this, shard, epoch, done = std::move(done)](Result<JournalMark> mark) mutable {
    if (!mark) return done(fail(std::move(mark.error())));
    if (mark->whole()) return done({});
    std::vector<Done<void>> older;  // of leases that have ended
    {
      const std::scoped_lock lock(mutex_);
      if (stopping_) {
        older.push_back(std::move(done));
      } else {
        std::erase_if(turns_, [&](Turn& turn) {
          if (turn.shard != shard) return false;
          if (turn.done) older.push_back(std::move(turn.done));
          return true;
        });
        turns_.push_back(
            Turn{.shard = shard, .epoch = epoch, .store = std::move(mark->store), .from = {}, .done = std::move(done)});
        wake_.notify_one();
      }
    }
    for (auto& one : older) one(fail(Code::conflict, "the shard was taken over anew, or the scheduler is stopping"));
  });
}

RebuildFigures Rebuild::figures() const {
  const std::scoped_lock lock(mutex_);
  RebuildFigures figures{
      .filling = running_.size(), .shards_filled = shards_filled_, .events_put_back = events_put_back_};
  for (const auto& [shard, progress] : running_) {
    figures.read += progress.read;
    figures.total += progress.total;
  }
  for (const auto& turn : turns_) figures.waiting += turn.done ? 1 : 0;
  return figures;
}

// Those that hold up a shard come first, the one that has waited longest before the others.
std::optional<Rebuild::Turn> Rebuild::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    const auto now = ports_.clock.steady();
    auto found = std::ranges::find_if(turns_, [](const Turn& turn) { return static_cast<bool>(turn.done); });
    if (found == turns_.end()) {
      found = std::ranges::find_if(turns_, [&](const Turn& turn) { return turn.not_before <= now; });
    }
    if (found != turns_.end()) {
      auto turn = std::move(*found);
      turns_.erase(found);
      if (turn.done) running_[turn.shard] = {};
      return turn;
    }
    wake_.wait_for(lock, std::chrono::milliseconds(200));
  }
}

void Rebuild::run() {
  name_this_thread("journal-replay");
  while (auto turn = next()) {
    turn->done ? fill(std::move(*turn)) : look_later(std::move(*turn));
  }
}

void Rebuild::fill(Turn turn) {
  const uint32_t shard = turn.shard;
  const auto began = ports_.clock.steady();
  const auto filled = fill_whole(turn);
  auto done = std::exchange(turn.done, nullptr);
  {
    const std::scoped_lock lock(mutex_);
    running_.erase(shard);
    if (filled) {
      ++shards_filled_;
      // An accept may have been between store and journal just now: what it appends behind this end is put back later,
      // unless its event was published before it was lost, which only the recent ends say.
      turn.from = {.look = filled->recent, .hand_on = filled->end};
      turn.not_before = ports_.clock.steady() + ports_.late;
      turns_.push_back(std::move(turn));
    }
  }
  if (!filled) {
    log::warn("journal.replay_failed", {{"shard", std::to_string(shard)}, {"error", filled.error().detail}});
    return done(fail(filled.error()));
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(ports_.clock.steady() - began);
  log::info("journal.replayed", {{"shard", std::to_string(shard)},
                                 {"events", std::to_string(filled->events)},
                                 {"ms", std::to_string(took.count())}});
  done({});
}

// The fence comes before the reading: what earlier owners published is decided then, and read as it was decided. What
// they would still publish fails.
Result<ReplayProgress> Rebuild::fill_whole(Turn& turn) {
  if (auto fenced = ports_.fence(turn.shard, turn.epoch); !fenced) return fail(fenced.error());
  const auto begun =
      await<void>([&](Done<void> done) { ports_.marks.begin_filling(turn.shard, turn.epoch, std::move(done)); });
  if (!begun) return fail(begun.error());
  auto replayed = replay(turn);
  if (!replayed) return replayed;
  const auto noted = await<void>([&](Done<void> done) {
    ports_.marks.note_filled(turn.shard, turn.epoch, turn.store, replayed->end, std::move(done));
  });
  if (!noted) return fail(noted.error());
  return replayed;
}

void Rebuild::look_later(Turn turn) {
  const auto looked = replay(turn);
  if (looked) {
    if (looked->events > 0 && ports_.changed) ports_.changed(turn.shard);
    return;
  }
  if (looked.error().code == Code::conflict) return;
  log::warn("journal.later_look_failed", {{"shard", std::to_string(turn.shard)}, {"error", looked.error().detail}});
  turn.not_before = ports_.clock.steady() + ports_.late;
  const std::scoped_lock lock(mutex_);
  turns_.push_back(std::move(turn));
}

Result<ReplayProgress> Rebuild::replay(const Turn& turn) {
  return ports_.journal.replay(turn.shard, turn.from,
                               {.take =
                                    [this, &turn](std::vector<Event> events) {
                                      if (auto whole = still_whole(turn); !whole) return whole;
                                      return put_back(turn, std::move(events));
                                    },
                                .progress =
                                    [this, &turn](const ReplayProgress& progress) {
                                      if (!turn.done) return;
                                      const std::scoped_lock lock(mutex_);
                                      running_[turn.shard] = progress;
                                    },
                                .give_up =
                                    [this] {
                                      const std::scoped_lock lock(mutex_);
                                      return stopping_;
                                    }});
}

Status Rebuild::still_whole(const Turn& turn) {
  if (turn.done) return {};
  const auto mark = await<JournalMark>([&](Done<JournalMark> done) { ports_.marks.read(turn.shard, std::move(done)); });
  if (!mark) return fail(mark.error());
  if (!mark->whole() || mark->store != turn.store) return fail(Code::conflict, "the shard is being filled anew");
  return {};
}

// Put if absent, wherever it is due now: what is still there, or ended and is remembered, stays.
Status Rebuild::put_back(const Turn& turn, std::vector<Event> events) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return fail(Code::shutting_down, "the scheduler is stopping");
    events_put_back_ += events.size();
  }
  std::vector<Event> near;
  std::vector<Event> far;
  const TimePoint limit = ports_.clock.wall() + ports_.horizon;
  for (auto& event : events) (event.fire_at <= limit ? near : far).push_back(std::move(event));
  if (!far.empty()) {
    const auto outcomes = await<Outcomes>([&](Done<Outcomes> done) { ports_.far.put(far, std::move(done)); });
    if (auto put = first_error(outcomes); !put) return put;
    // What the far store knows as moved near was lost there, however early it was moved.
    for (size_t i = 0; i < far.size(); ++i) {
      const auto& existing = (*outcomes)[i].existing;
      if (existing && existing->state == State::pending && existing->tier == Tier::near)
        near.push_back(std::move(far[i]));
    }
  }
  return near.empty() ? Status{} : put_near(turn, std::move(near));
}

Status Rebuild::put_near(const Turn& turn, std::vector<Event> events) {
  return first_error(
      await<Outcomes>([&](Done<Outcomes> done) { ports_.put_back(turn.epoch, std::move(events), std::move(done)); }));
}

}  // namespace schedules
