#include "cluster/balance.h"

#include <algorithm>
#include <map>

namespace schedules {

std::vector<std::string> balance(std::vector<std::string> nodes, const std::vector<std::string>& owners) {
  std::ranges::sort(nodes);
  nodes.erase(std::ranges::unique(nodes).begin(), nodes.end());
  std::map<std::string, size_t> held;
  for (const auto& node : nodes) held[node] = 0;
  for (const auto& owner : owners) {
    if (const auto found = held.find(owner); found != held.end()) ++found->second;
  }
  // Where it does not come out even, those that hold the most now keep one more.
  std::ranges::stable_sort(nodes, [&held](const auto& a, const auto& b) { return held[a] > held[b]; });
  std::map<std::string, size_t> room;
  for (size_t i = 0; i < nodes.size(); ++i) {
    room[nodes[i]] = owners.size() / nodes.size() + (i < owners.size() % nodes.size() ? 1 : 0);
  }
  std::vector<std::string> wanted(owners.size());
  for (size_t shard = 0; shard < owners.size(); ++shard) {
    const auto found = room.find(owners[shard]);
    if (found == room.end() || found->second == 0) continue;
    --found->second;
    wanted[shard] = owners[shard];
  }
  auto next = room.begin();
  for (auto& node : wanted) {
    if (!node.empty()) continue;
    while (next->second == 0) ++next;
    --next->second;
    node = next->first;
  }
  return wanted;
}

}  // namespace schedules
