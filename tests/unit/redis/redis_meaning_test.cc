#include <gtest/gtest.h>

#include "redis/errors.h"
#include "redis/request.h"

namespace schedules::redis {

TEST(RedisSlots, AreThoseOfTheSpecification) {
  EXPECT_EQ(slot_of("123456789"), 12739);
  EXPECT_EQ(slot_of("foo"), 12182);
  EXPECT_EQ(slot_of(""), 0);
}

TEST(RedisSlots, OnlyTheHashTagCounts) {
  EXPECT_EQ(slot_of("{user1000}.following"), slot_of("user1000"));
  EXPECT_EQ(slot_of("foo{bar}{zap}"), slot_of("bar"));
  EXPECT_EQ(slot_of("foo{{bar}}zap"), slot_of("{bar"));
  EXPECT_EQ(slot_of("foo{}{bar}"), 8363);  // of all of it: an empty tag is none
}

TEST(RedisScript, IsCalledByItsSha1) {
  EXPECT_EQ(Script("return 1").sha(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST(RedisMeaning, OfRedirections) {
  const auto moved = meaning_of("MOVED 3999 127.0.0.1:6381");
  EXPECT_EQ(moved.remedy, Remedy::moved);
  EXPECT_EQ(moved.where, (Address{"127.0.0.1", 6381}));
  EXPECT_EQ(meaning_of("ASK 3999 ::1:6381").where, (Address{"::1", 6381}));
  EXPECT_EQ(place_of(moved, {"asked", 1}), (Address{"127.0.0.1", 6381}));
  EXPECT_EQ(place_of(meaning_of("MOVED 3999 :6381"), {"asked", 1}), (Address{"asked", 6381}));
  EXPECT_EQ(meaning_of("MOVED").remedy, Remedy::moved);
}

TEST(RedisMeaning, OfWhatPasses) {
  EXPECT_EQ(meaning_of("LOADING Redis is loading").remedy, Remedy::again);
  EXPECT_EQ(meaning_of("TRYAGAIN Multiple keys").remedy, Remedy::again);
  EXPECT_EQ(meaning_of("READONLY You can't write").remedy, Remedy::lost);
  EXPECT_EQ(meaning_of("NOSCRIPT No matching script").remedy, Remedy::script);
  EXPECT_EQ(meaning_of("ERR wrong number").remedy, Remedy::none);
  EXPECT_EQ(meaning_of("ASKED for").remedy, Remedy::none);
}

TEST(RedisErrors, HaveCodes) {
  EXPECT_EQ(error_of("STALE_EPOCH 4").code, Code::stale_epoch);
  EXPECT_EQ(error_of("ERR STALE_EPOCH 4").code, Code::stale_epoch);
  EXPECT_EQ(error_of("CONFLICT").code, Code::conflict);
  EXPECT_EQ(error_of("OOM command not allowed").code, Code::disk_full);
  EXPECT_EQ(error_of("CLUSTERDOWN Hash slot not served").code, Code::unavailable);
  EXPECT_EQ(error_of("ERR unknown command").code, Code::io_error);
}

TEST(RedisProtocol, CommandsAndAnswersOfAnyBytes) {
  std::string bytes;
  append_command(bytes, {"SET", std::string("a\0b\r\n", 5)});
  EXPECT_EQ(bytes, std::string("*2\r\n$3\r\nSET\r\n$5\r\na\0b\r\n\r\n", 24));
  AnswerReader reader;
  ASSERT_TRUE(reader.feed("*3\r\n:7\r\n$-1\r\n$2\r\n"));
  EXPECT_FALSE(reader.next().value());
  ASSERT_TRUE(reader.feed("ab\r\n-ERR no\r\n"));
  const auto array = reader.next().value().value();
  ASSERT_EQ(array.reply.items.size(), 3U);
  EXPECT_EQ(array.reply.items[0].integer, 7);
  EXPECT_TRUE(array.reply.items[1].is_nil());
  EXPECT_EQ(array.reply.items[2].text, "ab");
  EXPECT_EQ(reader.next().value().value().error, "ERR no");
}

TEST(RedisProtocol, NonsenseIsAnError) {
  AnswerReader reader;
  static_cast<void>(reader.feed("HTTP/1.1 400 Bad Request\r\n\r\n"));
  EXPECT_FALSE(reader.next());
}

TEST(RedisRequest, AnswersToAskingAreLeftOut) {
  std::vector<Raw> answers(4);
  answers[1].reply.integer = 1;
  answers[3].reply.integer = 2;
  const auto kept = without_asking(std::move(answers));
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[1].reply.integer, 2);
}

TEST(RedisRequest, IsSentAgainOnlyWhereAllOfItWasRefused) {
  const auto answers = [](const std::vector<std::string>& errors) {
    std::vector<Raw> made;
    for (const auto& error : errors) made.push_back(Raw{.reply = {}, .error = error});
    return made;
  };
  const auto two =
      request_of(Batch{.key = "k", .commands = {{"SET", "a", "1"}, {"SET", "b", "1"}, {"WAIT", "1", "9"}}});
  EXPECT_TRUE(nothing_done(*two, answers({"ASK 1 h:1", "ASK 1 h:1", ""})));
  EXPECT_FALSE(nothing_done(*two, answers({"ASK 1 h:1", "", ""})));
  EXPECT_FALSE(nothing_done(*two, answers({"", "ASK 1 h:1", ""})));
  EXPECT_FALSE(nothing_done(*two, answers({"ASK 1 h:1", "ERR wrong number", ""})));
  const Script script("return 1");
  const auto call = request_of(Call{.script = &script, .keys = {"k"}, .arguments = {}});
  EXPECT_TRUE(nothing_done(*call, answers({"NOSCRIPT No matching script", ""})));
  EXPECT_FALSE(nothing_done(*call, answers({""})));
}

TEST(RedisRequest, InfoTellsWhatANodeIs) {
  const auto node = node_of(
      {"h", 1},
      "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n\r\nmaxmemory_policy:noeviction\r\nmaster_replid:r1\r\n");
  EXPECT_EQ(node.version, "7.0.15");
  EXPECT_EQ(node.run_id, "abc");
  EXPECT_EQ(node.maxmemory_policy, "noeviction");
  EXPECT_EQ(node.replication_id, "r1");
}

}  // namespace schedules::redis
