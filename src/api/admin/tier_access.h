// How the views of the tiers reach their events: one by id, many by a bounded search. Inside the room only.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "api/admin/tier_event.h"
#include "api/context.h"

namespace schedules::api {

/// A search looks at no more of these; what is beyond is not shown and not counted.
inline constexpr size_t kMostWaiting = 10'000;  ///< events of one tier, the next to fire
inline constexpr size_t kMostEnded = 2'000;     ///< ended ones, the last to end

/// Answers unavailable where this node has no tiers to show; false then.
bool has_tiers(const Context& context, Call& call);

/// Adds one route of a view; all of them are for superusers.
void add_tier_route(Router& router, Context& context, http::Method method, std::string pattern,
                    void (*handler)(Context&, CallPtr), size_t body_limit = kSmallBody);

/// The event of the path's {event_id}. In the redis view an id is free text, of which only UUIDs exist.
/// Errors: invalid_argument (scheduled view, not a UUID), not_found.
Result<EventId> tier_event_id(const Call& call, TierView view);
Error no_tier_event(TierView view);

/// The event as it stands, also from its dead letter or its execution. nullopt: the view does not show it.
void find_row(Context& context, TierView view, EventId id, Done<std::optional<TierRow>> done);
/// 200 (or `status`) with the event, or 404.
void answer_row(Context& context, CallPtr call, TierView view, EventId id, int status = 200);
void answer_rows(Call& call, TierView view, const std::vector<TierRow>& rows);

/// Waiting and begun events of one tier in firing order, until `take` says stop or kMostWaiting were looked at.
using TakeEvent = std::function<bool(StoredEvent&)>;
void scan_tier(Context& context, EventCatalog& tier, EventFilter filter, TakeEvent take, Done<void> done);

struct Wanted {
  EventFilter filter;  ///< entity_type and due times; the rest is not looked at
  bool far = false;
  bool near = false;  ///< pending ones
  bool in_flight = false;
  std::set<State> ended;
  std::optional<std::string> source;  ///< as the scheduled view names it
  bool whole = false;                 ///< of ended ones also what only their store knows (source, priority, …)
};
/// In no order.
void gather_rows(Context& context, Wanted wanted, Done<std::vector<TierRow>> done);
/// Replaces what only executions told by what the stores still remember.
void complete_rows(Context& context, std::vector<TierRow> rows, Done<std::vector<TierRow>> done);

/// Reads the elements of a JSON array body. Errors: invalid_json, wrong_type, bad_request (more than `most`).
Result<std::vector<std::string>> read_elements(const Call& call, size_t most);

/// Creates each readable event; answers per element what it became, in order.
struct Made {
  std::vector<TierEventInput> inputs;
  std::vector<std::optional<Error>> errors;
};
using CheckEvent = std::function<Status(const Event&)>;
void make_many(Context& context, TierView view, const std::vector<std::string>& elements, const CheckEvent& check,
               Done<Made> done);
/// Creates the one event of the body and answers 201.
void make_one(Context& context, CallPtr call, TierView view, const CheckEvent& check);
/// PUT: changes a waiting event; then does what a given `status` asks for.
void update_one(Context& context, CallPtr call, TierView view, CheckEvent check);
/// DELETE: 204, 404, or 409 for one that is being published or has ended.
void remove_one(Context& context, CallPtr call, TierView view);

}  // namespace schedules::api
