// The Lua scripts: every change of state is one of them, so it is atomic and stands under its shard's epoch. KEYS[1] is always
// the shard's base key (layout.md); each call is bounded by what it is given. Scripts live as long as the process.
#pragma once

#include "redis/client.h"

namespace schedules::redis {

// scripts_fire.cc
/// mode, now, the soonest within the look-ahead or '', node, channel, shard, filling or '', lowest and highest sequence,
/// then (id, value, fire_at, member)… by fire_at
const Script& put_script();
const Script& window_script();  ///< epoch, now, until, most, node, then nothing or (priority, fire_at, sequence)…
const Script& begin_script();   ///< epoch, token, node, then (id, fire_at be64)…
/// epoch, now, forget at, node, look-ahead until, channel, shard,
/// then (id, fire_at be64, schedule revision be64, letter, rest, fire_at)…
const Script& settle_script();
/// epoch, now, 'crashed' or '', from score, from sequence, limit, node, process, then the nodes that live…
const Script& recover_script();
const Script& give_back_script();  ///< epoch, token, now, node, channel, shard, then id…
// scripts_look.cc
const Script& look_script();    ///< now, then id…
const Script& find_script();    ///< from fire_at, after sequence, limit
const Script& counts_script();  ///< now
const Script& slots_script();   ///< from, width, how many slots, most leaves
// scripts_change.cc
const Script& drop_script();  ///< now, forget at, then (id, sequence ‖ fire_at as seen, revision be64, ended value)…
/// now, look-ahead until, node, channel, shard, then (id, revision be64, tail, fire_at, sequence)…
const Script& change_script();
// scripts_guard.cc
const Script& claim_script();       ///< now, then (id, fingerprint be64, until)…
const Script& hold_script();        ///< now, until, then (id, revision be64)…
const Script& far_cancel_script();  ///< now, forget at, then (id, ended value)…

/// What every script begins with.
Script with_prelude(std::string_view text);
/// The part of it that keeps what waits: scripts_waiting.cc.
std::string_view waiting_prelude();

}  // namespace schedules::redis
