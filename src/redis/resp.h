// Redis' protocol (RESP2): commands into bytes, bytes into answers. Only for this room's own sources.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "redis/reply.h"

struct redisReader;

namespace schedules::redis {

/// One answer as it came: an error of Redis is in `error`, else the reply counts.
struct Raw {
  Reply reply;
  std::string error;
};

void append_command(std::string& out, const std::vector<std::string>& words);

/// hiredis' reader with an owner.
class AnswerReader {
 public:
  AnswerReader();

  /// Errors of feed and next: io_error, for bytes that are no answer; the connection is of no use then.
  Status feed(std::string_view bytes);
  Result<std::optional<Raw>> next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  std::unique_ptr<redisReader, Free> reader_;
};

}  // namespace schedules::redis
