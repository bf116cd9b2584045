#include "store/redis/journal_marks.h"

#include <charconv>

#include "store/redis/scripts.h"

namespace schedules {
namespace {

using Replies = std::vector<redis::Reply>;

std::string line_of(std::string_view info, std::string_view name) {
  const auto at = info.find(name);
  if (at == std::string_view::npos) return {};
  const auto from = at + name.size();
  return std::string(info.substr(from, info.find_first_of("\r\n", from) - from));
}

// epoch, node
const redis::Script& begin_filling_script() {
  static const redis::Script script = redis::with_prelude(R"lua(
if stale(ARGV[1], ARGV[2]) then return redis.error_reply(STALE) end
call('HDEL', base .. 'journal', 'filled')
call('HSET', base .. 'journal', 'filling', ARGV[1] .. ' ' .. ARGV[2])
return 1
)lua");
  return script;
}

// epoch, node, store, from
const redis::Script& note_filled_script() {
  static const redis::Script script = redis::with_prelude(R"lua(
if stale(ARGV[1], ARGV[2]) then return redis.error_reply(STALE) end
if call('HGET', base .. 'journal', 'filling') ~= ARGV[1] .. ' ' .. ARGV[2] then return redis.error_reply(REFILLED) end
call('HSET', base .. 'journal', 'filled', ARGV[3])
call('HSETNX', base .. 'journal', 'from', ARGV[4])
return 1
)lua");
  return script;
}

// epoch, node, offset
const redis::Script& note_from_script() {
  static const redis::Script script = redis::with_prelude(R"lua(
if stale(ARGV[1], ARGV[2]) then return redis.error_reply(STALE) end
call('HSET', base .. 'journal', 'from', ARGV[3])
return 1
)lua");
  return script;
}

}  // namespace

void RedisJournalMarks::read(uint32_t shard, Done<JournalMark> done) {
  const auto key = base_of(shard) + "journal";
  client_.run({.key = key, .commands = {{"INFO", "replication"}, {"HMGET", key, "filled", "from"}}},
              [done = std::move(done)](Result<Replies> replies) mutable {
                if (!replies) return done(fail(std::move(replies.error())));
                JournalMark mark;
                mark.store = line_of(replies->at(0).text, "master_replid:");
                const auto& fields = replies->at(1).items;
                if (mark.store.empty() || fields.size() != 2) {
                  return done(fail(Code::unavailable, "Redis does not say which one it is"));
                }
                mark.filled = fields[0].text;
                int64_t from = 0;
                const auto& text = fields[1].text;
                const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), from);
                if (error == std::errc{} && !text.empty()) mark.unsettled_from = from;
                done(std::move(mark));
              });
}

void RedisJournalMarks::call(const redis::Script& script, uint32_t shard, std::vector<std::string> arguments,
                             Done<void> done) {
  client_.call({.script = &script, .keys = {base_of(shard)}, .arguments = std::move(arguments)},
               [done = std::move(done)](Result<redis::Reply> reply) mutable {
                 if (!reply) return done(fail(std::move(reply.error())));
                 done({});
               });
}

void RedisJournalMarks::begin_filling(uint32_t shard, uint64_t epoch, Done<void> done) {
  call(begin_filling_script(), shard, {std::to_string(epoch), node_id_}, std::move(done));
}

void RedisJournalMarks::note_filled(uint32_t shard, uint64_t epoch, std::string store, int64_t from, Done<void> done) {
  call(note_filled_script(), shard, {std::to_string(epoch), node_id_, std::move(store), std::to_string(from)},
       std::move(done));
}

void RedisJournalMarks::note_unsettled_from(uint32_t shard, uint64_t epoch, int64_t offset, Done<void> done) {
  call(note_from_script(), shard, {std::to_string(epoch), node_id_, std::to_string(offset)}, std::move(done));
}

}  // namespace schedules
