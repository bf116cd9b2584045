#include "store/mongo/run_table.h"

#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Document;

constexpr int kListTries = 50;  // of nodes that change the same list at one moment

struct Stored {
  std::vector<RunEntry> runs;
  int64_t version = 0;  ///< 0: there is none
};

Result<Stored> read(mongo::Connection& mongo, const std::string& schedule_id) {
  const auto found = mongo.find_one(
      {.collection = collections::kRuns, .filter = {{"_id", schedule_id}}, .sort = {}, .projection = {}});
  if (!found) return fail(found.error());
  if (!*found) return Stored{};
  const auto version = mongo::find(**found, "version");
  const auto packed = mongo::find(**found, "runs");
  const auto bytes = packed ? packed->binary() : std::nullopt;
  const auto number = version ? version->integer() : std::nullopt;
  if (!number) return fail(Code::corrupt, "MongoDB's runs of schedule {} have no version", schedule_id);
  auto runs = unpack_runs(bytes.value_or(""));
  if (!runs) return fail(runs.error());
  return Stored{std::move(*runs), *number};
}

/// Whether nobody else was first.
Result<bool> write(mongo::Connection& mongo, const std::string& schedule_id, const Stored& was,
                   const std::vector<RunEntry>& runs) {
  Document filter{{"_id", schedule_id}, {"version", was.version}};
  if (runs.empty()) {
    const auto removed = mongo.remove(collections::kRuns, std::move(filter));
    if (!removed) return fail(removed.error());
    return was.version == 0 || removed->removed > 0;
  }
  const std::string bytes = pack_runs(runs);
  const Document set{{"version", was.version + 1}, {"runs", mongo::Binary{bytes}}};
  if (was.version == 0) {
    Document fresh{{"_id", schedule_id}, {"version", int64_t{1}}, {"runs", mongo::Binary{bytes}}};
    const auto inserted = mongo.insert(collections::kRuns, std::move(fresh));
    if (inserted) return true;
    if (inserted.error().code == Code::already_exists) return false;
    return fail(inserted.error());
  }
  const auto updated = mongo.update(collections::kRuns, std::move(filter), {{"$set", set}});
  if (!updated) return fail(updated.error());
  return updated->matched > 0;
}

}  // namespace

Result<std::vector<RunEntry>> change_runs(mongo::Connection& mongo, const std::string& schedule_id,
                                          const RunChange& change) {
  for (int i = 0; i < kListTries; ++i) {
    auto stored = read(mongo, schedule_id);
    if (!stored) return fail(stored.error());
    auto runs = stored->runs;
    change(runs);
    if (runs == stored->runs) return runs;
    const auto written = write(mongo, schedule_id, *stored, runs);
    if (!written) return fail(written.error());
    if (*written) return runs;
  }
  return fail(Code::unavailable, "the runs of schedule {} are changed by others all the time", schedule_id);
}

}  // namespace schedules
