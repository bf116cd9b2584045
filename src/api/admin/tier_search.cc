#include "api/admin/tier_access.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

constexpr size_t kPage = 500;

struct Scan {
  Context& context;
  EventCatalog& tier;
  FindRequest request;
  TakeEvent take;
  Done<void> done;
  size_t seen = 0;
};

void scan_page(const std::shared_ptr<Scan>& scan) {
  scan->tier.find(scan->request, [scan](Result<EventPage> page) {
    if (!page) return scan->done(fail(std::move(page.error())));
    for (auto& stored : page->events)
      if (!scan->take(stored)) return scan->done({});
    // A page may be short because few match: what was looked at is bounded too.
    scan->seen += std::max(page->events.size(), kPage);
    if (page->next_cursor.empty() || scan->seen >= kMostWaiting) return scan->done({});
    scan->request.cursor = std::move(page->next_cursor);
    scan->context.deps.worker.post([scan] { scan_page(scan); });
  });
}

// Reads the tiers one after the other, then the executions.
struct Gather {
  Context& context;
  Wanted wanted;
  Done<std::vector<TierRow>> done;
  std::vector<TierRow> rows;
  ExecutionFilter ended;
  size_t executions = 0;
};
using GatherPtr = std::shared_ptr<Gather>;

bool fits(const Gather& gather, const Event& event) {
  const auto& wanted = gather.wanted;
  if (!wanted.filter.matches(event)) return false;
  return !wanted.source || source_of(TierView::scheduled, event) == *wanted.source;
}

void finish(const GatherPtr& gather) {
  std::set<EventId> seen;  // one may have ended while we read: its end, read last, counts
  std::vector<TierRow> rows;
  for (auto it = gather->rows.rbegin(); it != gather->rows.rend(); ++it)
    if (seen.insert(it->stored.event.id).second) rows.push_back(std::move(*it));
  gather->done(std::move(rows));
}

void ended_rows(const GatherPtr& gather);

void keep_ended(const GatherPtr& gather, std::vector<TierRow> rows, bool more) {
  for (auto& row : rows)
    if (fits(*gather, row.stored.event)) gather->rows.push_back(std::move(row));
  if (!more || gather->executions >= kMostEnded) return finish(gather);
  gather->context.deps.worker.post([gather] { ended_rows(gather); });
}

void ended_rows(const GatherPtr& gather) {
  if (gather->wanted.ended.empty()) return finish(gather);
  gather->context.deps.executions.find_executions(gather->ended, [gather](Result<ExecutionPage> page) {
    if (!page) return gather->done(fail(std::move(page.error())));
    gather->executions += page->executions.size();
    gather->ended.cursor = page->next_cursor;
    const bool more = !page->next_cursor.empty();
    std::vector<TierRow> rows;
    for (const auto& execution : page->executions)
      if (gather->wanted.ended.contains(execution.state)) rows.push_back(row_of(execution));
    if (!gather->wanted.whole && !gather->wanted.source) return keep_ended(gather, std::move(rows), more);
    complete_rows(gather->context, std::move(rows), [gather, more](Result<std::vector<TierRow>> whole) {
      if (!whole) return gather->done(fail(std::move(whole.error())));
      keep_ended(gather, std::move(*whole), more);
    });
  });
}

void tier_rows(const GatherPtr& gather, EventCatalog& tier, std::function<bool(State)> shown,
               std::function<void()> next) {
  auto take = [gather, shown = std::move(shown)](StoredEvent& stored) {
    if (!shown(stored.state) || !fits(*gather, stored.event)) return true;
    const auto id = stored.event.id;
    gather->rows.push_back(TierRow{std::move(stored), "", gather->context.deps.tiers.claims->find(id)});
    return true;
  };
  scan_tier(gather->context, tier, gather->wanted.filter, std::move(take),
            [gather, next = std::move(next)](Result<void> scanned) {
              if (!scanned) return gather->done(fail(std::move(scanned.error())));
              next();
            });
}

void near_rows(const GatherPtr& gather) {
  const auto& wanted = gather->wanted;
  if (!wanted.near && !wanted.in_flight) return ended_rows(gather);
  const auto shown = [pending = wanted.near, begun = wanted.in_flight](State state) {
    return state == State::pending ? pending : begun;
  };
  tier_rows(gather, *gather->context.deps.tiers.near, shown, [gather] { ended_rows(gather); });
}

}  // namespace

void scan_tier(Context& context, EventCatalog& tier, EventFilter filter, TakeEvent take, Done<void> done) {
  FindRequest request{.filter = std::move(filter), .cursor = "", .limit = kPage};
  scan_page(std::shared_ptr<Scan>(new Scan{context, tier, std::move(request), std::move(take), std::move(done)}));
}

void gather_rows(Context& context, Wanted wanted, Done<std::vector<TierRow>> done) {
  GatherPtr gather(new Gather{context, std::move(wanted), std::move(done), {}, {}});
  gather->ended.limit = kPage;
  gather->ended.entity_type = gather->wanted.filter.entity_type;
  gather->ended.from = gather->wanted.filter.due_from;  // nothing ends before it is due, but by a worker
  if (gather->wanted.ended.size() == 1) gather->ended.state = *gather->wanted.ended.begin();
  if (!gather->wanted.far) return near_rows(gather);
  tier_rows(
      gather, *context.deps.tiers.far, [](State state) { return state == State::pending; },
      [gather] { near_rows(gather); });
}

void complete_rows(Context& context, std::vector<TierRow> rows, Done<std::vector<TierRow>> done) {
  struct Completing {
    std::mutex mutex;
    std::vector<TierRow> rows;
    Done<std::vector<TierRow>> done;
    size_t left = 0;
  };
  auto work = std::make_shared<Completing>();
  work->rows = std::move(rows);
  work->done = std::move(done);
  work->left = work->rows.size() + 1;  // one more, so that it cannot end before the last is asked for
  const auto end_one = [work] {
    {
      const std::scoped_lock lock(work->mutex);
      if (--work->left != 0) return;
    }
    work->done(std::move(work->rows));
  };
  std::vector<std::pair<size_t, EventId>> asked;
  for (size_t i = 0; i < work->rows.size(); ++i)
    if (work->rows[i].from_execution) asked.emplace_back(i, work->rows[i].stored.event.id);
  work->left = asked.size() + 1;
  for (const auto& [index, id] : asked) {
    context.deps.events.get(id, [work, end_one, at = index](Result<std::optional<StoredEvent>> found) {
      if (found && *found && is_final((*found)->state)) {  // else what the execution tells must do
        const std::scoped_lock lock(work->mutex);
        work->rows[at].stored = std::move(**found);
        work->rows[at].from_execution = false;
      }
      end_one();
    });
  }
  end_one();
}

}  // namespace schedules::api
