// Where a MongoDB is, as schedules_MONGO_URL says it. Plain value.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace schedules::mongo {

struct Url {
  std::string given;  ///< whole, with its password: for the driver alone
  std::string shown;  ///< for logs and messages: hosts and database
  std::string database = "stufio";
  bool by_dns = false;       ///< mongodb+srv://: hosts come from a DNS record
  bool has_concern = false;  ///< it says itself how durable a write is: w or journal
};

/// mongodb:// or mongodb+srv://, as drivers read it; the path names the database. Errors: invalid_argument, which never
/// shows a password.
Result<Url> parse_url(std::string_view text);

}  // namespace schedules::mongo
