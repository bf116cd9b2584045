#include "store/redis/journal_marks.h"

#include <charconv>

namespace schedules {
namespace {

using Replies = std::vector<redis::Reply>;

std::string line_of(std::string_view info, std::string_view name) {
  const auto at = info.find(name);
  if (at == std::string_view::npos) return {};
  const auto from = at + name.size();
  return std::string(info.substr(from, info.find_first_of("\r\n", from) - from));
}

Done<Replies> only_status(Done<void> done) {
  return [done = std::move(done)](Result<Replies> replies) mutable {
    if (!replies) return done(fail(std::move(replies.error())));
    done({});
  };
}

}  // namespace

void RedisJournalMarks::read(uint32_t shard, Done<JournalMark> done) {
  const auto key = key_of(shard);
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

void RedisJournalMarks::note_filled(uint32_t shard, std::string store, Done<void> done) {
  const auto key = key_of(shard);
  client_.run({.key = key, .commands = {{"HSET", key, "filled", std::move(store)}}}, only_status(std::move(done)));
}

void RedisJournalMarks::note_unsettled_from(uint32_t shard, int64_t offset, Done<void> done) {
  const auto key = key_of(shard);
  client_.run({.key = key, .commands = {{"HSET", key, "from", std::to_string(offset)}}}, only_status(std::move(done)));
}

}  // namespace schedules
