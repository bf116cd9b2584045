// Values for the {name:Type} places of a query's text. They travel beside the text, so nothing in them is ever SQL.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "time/clock.h"

namespace schedules::clickhouse {

class Parameters {
 public:
  Parameters& text(std::string name, std::string_view value);     ///< {name:String}
  Parameters& number(std::string name, int64_t value);            ///< {name:Int64} and its like
  Parameters& unsigned_number(std::string name, uint64_t value);  ///< {name:UInt64}
  Parameters& time(std::string name, TimePoint value);            ///< {name:DateTime64(6, 'UTC')}
  Parameters& id(std::string name, const EventId& value);         ///< {name:UUID}
  /// {name:Array(String)}; for some hundred values: they are part of the request's address.
  Parameters& texts(std::string name, const std::vector<std::string>& values);

  /// Names and values as the server wants them, not yet percent-encoded.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

}  // namespace schedules::clickhouse
