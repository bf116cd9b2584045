#include "redis/resp.h"

#include <hiredis/hiredis.h>

namespace schedules::redis {
namespace {

Raw raw_of(const redisReply& from) {
  Raw raw;
  switch (from.type) {
    case REDIS_REPLY_INTEGER:
      raw.reply.kind = Reply::Kind::integer;
      raw.reply.integer = from.integer;
      break;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      raw.reply.kind = Reply::Kind::text;
      raw.reply.text.assign(from.str, static_cast<size_t>(from.len));
      break;
    case REDIS_REPLY_ERROR:
      raw.error.assign(from.str, static_cast<size_t>(from.len));
      if (raw.error.empty()) raw.error = "ERR";
      break;
    case REDIS_REPLY_ARRAY:
      raw.reply.kind = Reply::Kind::array;
      raw.reply.items.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i) {
        Raw item = raw_of(*from.element[i]);
        if (raw.error.empty()) raw.error = std::move(item.error);
        raw.reply.items.push_back(std::move(item.reply));
      }
      break;
    default:
      break;
  }
  return raw;
}

}  // namespace

void append_command(std::string& out, const std::vector<std::string>& words) {
  fmt::format_to(std::back_inserter(out), "*{}\r\n", words.size());
  for (const auto& word : words) {
    fmt::format_to(std::back_inserter(out), "${}\r\n", word.size());
    out += word;
    out += "\r\n";
  }
}

AnswerReader::AnswerReader() : reader_(::redisReaderCreate()) {}

void AnswerReader::Free::operator()(redisReader* reader) const { ::redisReaderFree(reader); }

Status AnswerReader::feed(std::string_view bytes) {
  if (::redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK) return {};
  return fail(Code::io_error, "Redis answered what cannot be read: {}", reader_->errstr);
}

Result<std::optional<Raw>> AnswerReader::next() {
  void* got = nullptr;
  if (::redisReaderGetReply(reader_.get(), &got) != REDIS_OK) {
    return fail(Code::io_error, "Redis answered what cannot be read: {}", reader_->errstr);
  }
  if (got == nullptr) return std::optional<Raw>();
  const std::unique_ptr<redisReply, void (*)(void*)> reply(static_cast<redisReply*>(got), ::freeReplyObject);
  return std::optional(raw_of(*reply));
}

}  // namespace schedules::redis
