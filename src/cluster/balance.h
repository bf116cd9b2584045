// Which node should hold which shard: evenly, within one, and as it is now wherever that is even enough. Pure, so that
// nodes with the same view come to the same answer; with different views leases keep them apart.
#pragma once

#include <string>
#include <vector>

namespace schedules {

/// `owners`: by shard, the node that holds it now; empty, or a node that is not in `nodes`: nobody. Answers the node that
/// should hold it, by shard. `nodes` must not be empty.
std::vector<std::string> balance(std::vector<std::string> nodes, const std::vector<std::string>& owners);

}  // namespace schedules
