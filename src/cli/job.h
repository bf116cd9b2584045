// Bulk jobs of the server: waits for one and prints what became of it.
#pragma once

#include "cli/client.h"

namespace boost::json {
class object;
}  // namespace boost::json

namespace schedules::cli {

/// Posts the body, waits until the job that was made has finished, prints it; gives the exit code.
int run_job(Client& client, const std::string& path, const boost::json::object& body, Output output);

}  // namespace schedules::cli
