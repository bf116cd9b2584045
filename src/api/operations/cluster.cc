// GET /api/v1/cluster: who works on which shards.
#include "api/context.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

std::optional<std::string_view> name_or_null(std::string_view node) {
  return node.empty() ? std::nullopt : std::optional(node);
}

std::string json_of(const ClusterView& view) {
  std::string body;
  json::Writer out(body);
  out.open('{').field("self", view.self).field("leader", name_or_null(view.leader));
  out.key("nodes").open('[');
  for (const auto& node : view.nodes) {
    out.open('{').field("id", node.id).field("address", node.address);
    out.field("started_at", node.started_at).field("seen_at", node.seen_at).close('}');
  }
  out.close(']').key("shards").open('[');
  for (const auto& shard : view.shards) {
    out.open('{').key("shard").number(shard.shard).field("owner", name_or_null(shard.owner));
    out.key("epoch").number(shard.epoch).field("until", shard.until).close('}');
  }
  out.close(']').close('}');
  return body;
}

void answer_cluster(Context& context, CallPtr call) {
  const auto& ask = context.deps.operations.cluster;
  if (!ask) return call->fail(Error{.code = Code::unavailable, .detail = "there is no cluster here"});
  ask([call = std::move(call)](Result<ClusterView> view) {
    if (!view) return call->fail(view.error());
    call->json(200, json_of(*view));
  });
}

}  // namespace

void add_cluster_routes(Router& router, Context& context) {
  router.add({.method = http::Method::get,
              .pattern = "/api/v1/cluster",
              .role = Role::reader,
              .handler = [&context](CallPtr call) { answer_cluster(context, std::move(call)); }});
}

}  // namespace schedules::api
