// The guards that controls take out, one a build (cmake -DSCHEDULES_WITHOUT_GUARD=…), to see that dev/chaos and the simulator
// notice their absence. In every other build all are on. Constants; any thread.
#pragma once

namespace schedules::guards {

/// The look at the wall clock right before a publish.
#ifdef SCHEDULES_WITHOUT_EARLY_GUARD
inline constexpr bool kEarly = false;
#else
inline constexpr bool kEarly = true;
#endif

/// A shard's lease and epoch, looked at before a begin and a publish, and by Redis in each change.
#ifdef SCHEDULES_WITHOUT_FENCING_GUARD
inline constexpr bool kFencing = false;
#else
inline constexpr bool kFencing = true;
#endif

/// An id that is known, or that ended not long ago, is not put again.
#ifdef SCHEDULES_WITHOUT_PUT_IF_ABSENT_GUARD
inline constexpr bool kPutIfAbsent = false;
#else
inline constexpr bool kPutIfAbsent = true;
#endif

/// With a journal: an event is published in the transaction that holds the end of its record there.
#ifdef SCHEDULES_WITHOUT_TRANSACTION_GUARD
inline constexpr bool kTransaction = false;
#else
inline constexpr bool kTransaction = true;
#endif

}  // namespace schedules::guards
