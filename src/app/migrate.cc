// Layouts of all stores, embedded and on servers: what is there, what this version wants, and bringing the one to the other.
#include <cstdio>

#include "app/serve.h"
#include "app/servers.h"
#include "app/stores.h"
#include "base/await.h"

namespace schedules {
namespace {

int refuse(const Error& error) {
  std::fprintf(stderr, "schedules: %s\n", error.detail.c_str());
  return 1;
}

void say(const char* store, bool exists, uint32_t found, uint32_t current) {
  const auto state = !exists ? std::string("not there yet, will be made")
                     : found > current
                         ? fmt::format("layout {}, newer than {}: not to be touched by this version", found, current)
                     : found < current ? fmt::format("layout {} → {}", found, current)
                                       : fmt::format("layout {}, up to date", found);
  std::printf("%s: %s\n", store, state.c_str());
}

Status tell_embedded(const Settings& settings) {
  const auto found = RocksStore::inspect(events_dir(settings));
  if (!found) return fail(found.error());
  say("events (RocksDB)", found->exists, found->found, found->current);
  return {};
}

template <class Store>
Status tell_tables(Store& store, const char* name) {
  const auto found = await<ClickHouseLayoutStatus>([&](auto done) { store.inspect(std::move(done)); });
  if (!found) return fail(found.error());
  say(name, found->exists, found->found, found->current);
  for (const auto& statement : found->statements) std::printf("  %s\n", statement.c_str());
  return {};
}

Status tell_mongo(const Settings& settings, const Clock& clock, Random& random) {
  if (settings.mongo_url.empty()) return {};
  auto options = mongo_options_of(settings);
  if (!options) return fail(options.error());
  const auto store = MongoScheduleStore::open(std::move(*options), clock, random);
  const auto found = await<MongoLayoutStatus>([&](auto done) { store->inspect(std::move(done)); });
  if (!found) return fail(found.error());
  say("schedules (MongoDB)", found->exists, found->found, found->current);
  for (const auto& step : found->steps) std::printf("  %s\n", step.c_str());
  return {};
}

Status tell_clickhouse(const Settings& settings, const Clock& clock, Random& random) {
  if (settings.clickhouse_url.empty()) return {};
  const auto url = clickhouse_url_of(settings);
  if (!url) return fail(url.error());
  auto far = ClickHouseFarStore::open({.url = *url, .client = {}}, clock, random);
  if (!far) return fail(far.error());
  if (auto told = tell_tables(**far, "far events (ClickHouse)"); !told) return told;
  auto executions = ClickHouseExecutionStore::open({.url = *url, .client = {}});
  if (!executions) return fail(executions.error());
  return tell_tables(**executions, "executions (ClickHouse)");
}

/// The first contact with each server makes what is missing.
Status migrate_servers(Stores& stores) {
  if (auto* mongo = stores.mongo(); mongo != nullptr) {
    if (auto done = await<void>([&](auto answer) { mongo->migrate(std::move(answer)); }); !done) return done;
  }
  if (auto* redis = stores.redis(); redis != nullptr) {
    if (auto done = await<void>([&](auto answer) { redis->probe(std::move(answer)); }); !done) return done;
  }
  if (auto* far = stores.clickhouse_far(); far != nullptr) {
    if (auto done = await<void>([&](auto answer) { far->probe(std::move(answer)); }); !done) return done;
    return await<void>([&](auto answer) { stores.clickhouse_executions()->probe(std::move(answer)); });
  }
  return {};
}

}  // namespace

int migrate(const Settings& settings, bool dry_run) {
  const SystemClock clock;
  const auto random = system_random();
  for (const Status& told :
       {tell_embedded(settings), tell_mongo(settings, clock, *random), tell_clickhouse(settings, clock, *random)}) {
    if (!told) return refuse(told.error());
  }
  if (dry_run) return 0;
  auto stores = Stores::open(settings, clock, *random);
  if (!stores) return refuse(stores.error());
  if (auto done = migrate_servers(**stores); !done) return refuse(done.error());
  std::puts("all stores are at this version's layout");
  return 0;
}

}  // namespace schedules
