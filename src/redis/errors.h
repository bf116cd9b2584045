// What an error that Redis answers means. Only for this room's own sources.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "redis/url.h"

namespace schedules::redis {

/// What to do about it, where it says that nothing was done.
enum class Remedy : uint8_t {
  none,    ///< tell the caller
  moved,   ///< the slot lives at `where` now
  ask,     ///< this key is at `where` while its slot moves
  again,   ///< a little later, here
  lost,    ///< this node is the primary no more: find the new one, then again
  script,  ///< it does not know the script: send its text
};

struct Meaning {
  Remedy remedy = Remedy::none;
  Address where;  ///< host empty: as place_of says
};

Meaning meaning_of(std::string_view error);
/// Where a redirection points; a node that does not know its own name leaves it out: then it is the one that was asked.
Address place_of(const Meaning& meaning, const Address& asked);
/// For a caller. `error` as Redis gave it.
Error error_of(const std::string& error);

}  // namespace schedules::redis
