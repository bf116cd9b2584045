// The Lua scripts: every change of state is one of them, so it is atomic and stands under its shard's epoch. KEYS[1] is always
// the shard's base key (layout.md); each call is bounded by what it is given. Scripts live as long as the process.
#pragma once

#include "redis/client.h"

namespace schedules::redis {

// scripts_fire.cc
const Script& put_script();     ///< mode, now, look-ahead until, node, channel, shard, then (id, tail, fire_at, sequence)…
const Script& window_script();  ///< epoch, now, until, limit
const Script& begin_script();   ///< epoch, then (id, fire_at be64)…
const Script& settle_script();  ///< epoch, now, forget at, then (id, fire_at be64, schedule revision be64, letter, rest, fire_at)…
const Script& recover_script(); ///< epoch, now, limit: gives back what an earlier owner had begun; answers how many
// scripts_look.cc
const Script& look_script();    ///< now, then id…
const Script& find_script();    ///< from fire_at, after sequence, limit
const Script& counts_script();  ///< now
// scripts_change.cc
const Script& drop_script();    ///< now, forget at, then (id, sequence ‖ fire_at as seen, revision be64, ended value)…
const Script& change_script();  ///< now, look-ahead until, node, channel, shard, then (id, revision be64, tail, fire_at, sequence)…
// scripts_guard.cc
const Script& claim_script();       ///< now, then (id, fingerprint be64, until)…
const Script& hold_script();        ///< now, until, then (id, revision be64)…
const Script& far_cancel_script();  ///< now, forget at, then (id, ended value)…

/// What every script begins with.
Script with_prelude(std::string_view text);

}  // namespace schedules::redis
