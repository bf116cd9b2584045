// What a server's HTTP answer means: rows, or an exception by its code. Internal to this room; pure.
#pragma once

#include <string>
#include <string_view>

#include "clickhouse/client.h"

namespace schedules::clickhouse {

struct HttpAnswer {
  long status = 0;
  std::string body;
  std::string exception_code;  ///< X-ClickHouse-Exception-Code
  std::string exception_tag;   ///< X-ClickHouse-Exception-Tag
  std::string summary;         ///< X-ClickHouse-Summary, JSON

  /// Takes what is of interest from one header line.
  void header(std::string_view line);
};

/// The text of an exception that broke off rows which were being sent under status 200; empty: none.
std::string_view exception_at_end(const HttpAnswer& answer);

Result<Answer> read_answer(HttpAnswer answer);

}  // namespace schedules::clickhouse
