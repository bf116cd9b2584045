// Lists that the server answers page by page.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "cli/client.h"
#include "cli/output.h"

namespace schedules::cli {

using Parameters = std::vector<std::pair<std::string, std::string>>;

/// {"items":[…],"next_cursor":…} from /api/v1: follows cursors until `limit` items are there, prints them; gives the exit
/// code. JSON output has the same form, with every item that was fetched.
int list_pages(Session& session, const std::string& path, Parameters parameters, size_t limit,
               const std::vector<Column>& columns);

/// The contract's bare arrays by skip and limit. Errors: as Client::send.
Result<boost::json::array> fetch_all(Client& client, const std::string& path, const Parameters& parameters,
                                     size_t limit);

}  // namespace schedules::cli
