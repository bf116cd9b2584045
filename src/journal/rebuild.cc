#include "journal/rebuild.h"

#include "base/await.h"
#include "base/executor.h"
#include "base/log.h"

namespace schedules {
namespace {

using Outcomes = std::vector<PutOutcome>;

}  // namespace

Rebuild::Rebuild(Ports ports) : ports_(std::move(ports)), thread_([this] { run(); }) {}

Rebuild::~Rebuild() {
  std::deque<Turn> left;
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
    left = std::exchange(turns_, {});
    wake_.notify_all();
  }
  thread_.join();
  for (auto& turn : left) {
    if (turn.done) turn.done(fail(Code::shutting_down, "the scheduler is stopping"));
  }
}

void Rebuild::ensure(uint32_t shard, Done<void> done) {
  ports_.marks.read(shard, [this, shard, done = std::move(done)](Result<JournalMark> mark) mutable {
    if (!mark) return done(fail(std::move(mark.error())));
    if (mark->whole()) return done({});
    const std::scoped_lock lock(mutex_);
    if (stopping_) return done(fail(Code::shutting_down, "the scheduler is stopping"));
    turns_.push_front(Turn{.shard = shard, .store = std::move(mark->store), .done = std::move(done)});
    wake_.notify_all();
  });
}

RebuildFigures Rebuild::figures() const {
  const std::scoped_lock lock(mutex_);
  auto figures = figures_;
  for (const auto& turn : turns_) figures.waiting += turn.done ? 1 : 0;
  return figures;
}

// Those that hold up a shard come first.
std::optional<Rebuild::Turn> Rebuild::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stopping_) return std::nullopt;
    const auto now = ports_.clock.steady();
    for (auto it = turns_.begin(); it != turns_.end(); ++it) {
      if (it->not_before > now) continue;
      auto turn = std::move(*it);
      turns_.erase(it);
      figures_.shard = turn.shard;
      figures_.progress = {};
      return turn;
    }
    wake_.wait_for(lock, std::chrono::milliseconds(200));
  }
}

void Rebuild::run() {
  name_this_thread("journal-replay");
  while (auto turn = next()) {
    fill(std::move(*turn));
    const std::scoped_lock lock(mutex_);
    figures_.shard.reset();
  }
}

void Rebuild::fill(Turn turn) {
  const bool holds_up = static_cast<bool>(turn.done);
  const auto began = ports_.clock.steady();
  const auto replayed = replay(turn);
  if (!replayed) {
    log::warn("journal.replay_failed", {{"shard", std::to_string(turn.shard)}, {"error", replayed.error().detail}});
    if (holds_up) return turn.done(fail(replayed.error()));
    if (replayed.error().code == Code::conflict) return;
    turn.not_before = ports_.clock.steady() + ports_.late;
    const std::scoped_lock lock(mutex_);
    turns_.push_back(std::move(turn));
    return;
  }
  if (!holds_up) {
    if (replayed->events > 0 && ports_.changed) ports_.changed(turn.shard);
    return;
  }
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(ports_.clock.steady() - began);
  log::info("journal.replayed", {{"shard", std::to_string(turn.shard)},
                                 {"events", std::to_string(replayed->events)},
                                 {"ms", std::to_string(took.count())}});
  {
    const std::scoped_lock lock(mutex_);
    ++figures_.shards_filled;
    figures_.events_put_back += replayed->events;
    // An accept may have been between store and journal just now: what it appends behind this end is put back later.
    turns_.push_back(Turn{.shard = turn.shard,
                          .store = turn.store,
                          .from = replayed->end,
                          .not_before = ports_.clock.steady() + ports_.late,
                          .done = nullptr});
  }
  ports_.marks.note_filled(turn.shard, turn.store, std::move(turn.done));
}

Result<ReplayProgress> Rebuild::replay(const Turn& turn) {
  return ports_.journal.replay(turn.shard, turn.from,
                               {.take =
                                    [this, &turn](std::vector<Event> events) {
                                      if (auto whole = still_whole(turn); !whole) return whole;
                                      return put_back(std::move(events));
                                    },
                                .progress =
                                    [this](const ReplayProgress& progress) {
                                      const std::scoped_lock lock(mutex_);
                                      figures_.progress = progress;
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
Status Rebuild::put_back(std::vector<Event> events) {
  {
    const std::scoped_lock lock(mutex_);
    if (stopping_) return fail(Code::shutting_down, "the scheduler is stopping");
  }
  std::vector<Event> near;
  std::vector<Event> far;
  const TimePoint limit = ports_.clock.wall() + ports_.horizon;
  for (auto& event : events) (event.fire_at <= limit ? near : far).push_back(std::move(event));
  const auto first_error = [](const Result<Outcomes>& outcomes) -> Status {
    if (!outcomes) return fail(outcomes.error());
    for (const auto& outcome : *outcomes) {
      if (outcome.error) return fail(*outcome.error);
    }
    return {};
  };
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
  if (near.empty()) return {};
  return first_error(await<Outcomes>(
      [&](Done<Outcomes> done) { ports_.near.put(std::move(near), PutMode::if_absent, std::move(done)); }));
}

}  // namespace schedules
