#include "store/rocksdb/migrations.h"

#include <rocksdb/env.h>

#include <charconv>

#include "base/log.h"

namespace schedules::rocks {
namespace {

using Step = Status (*)(rocksdb::DB&, const Database::Handles&);

// kSteps[n] makes layout n + 2 of layout n + 1. Empty while layout 1 is the only one.
constexpr std::array<Step, kLayout - 1> kSteps{};

constexpr std::string_view kTitle = "schedules rocksdb\n";

std::string marker_path(const std::string& dir) { return dir + "/LAYOUT"; }

std::optional<uint32_t> number_after(std::string_view text, std::string_view word) {
  const auto at = text.find(word);
  if (at == std::string_view::npos) return std::nullopt;
  text.remove_prefix(at + word.size());
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '\n') return std::nullopt;
  return number;
}

}  // namespace

Result<std::optional<Marker>> look_at_marker(rocksdb::Env& env, const std::string& dir) {
  std::string text;
  const auto status = rocksdb::ReadFileToString(&env, marker_path(dir), &text);
  if (status.IsNotFound() || status.IsPathNotFound()) {
    if (env.FileExists(dir + "/CURRENT").ok()) {
      return fail(Code::corrupt, "{} holds a RocksDB without a LAYOUT file: it is not this program's", dir);
    }
    return std::nullopt;
  }
  if (!status.ok()) return fail(to_error(status, "reading " + marker_path(dir)));
  const auto layout = number_after(text, "\nlayout ");
  const auto shards = number_after(text, "\nshards ");
  if (!text.starts_with(kTitle) || !layout || *layout == 0 || !shards || *shards == 0 || *shards > kMaxShards) {
    return fail(Code::corrupt, "{} cannot be read", marker_path(dir));
  }
  return Marker{.layout = *layout, .shards = *shards};
}

Result<std::optional<Marker>> read_marker(rocksdb::Env& env, const std::string& dir) {
  auto marker = look_at_marker(env, dir);
  if (marker && *marker && (*marker)->layout > kLayout) {
    return fail(Code::newer_layout, "{} has layout {}, this version knows {}: use the version that wrote it", dir,
                (*marker)->layout, kLayout);
  }
  return marker;
}

Status write_marker(rocksdb::Env& env, const std::string& dir, const Marker& marker) {
  const auto text = fmt::format("{}layout {}\nshards {}\n", kTitle, marker.layout, marker.shards);
  const auto path = marker_path(dir);
  auto status = rocksdb::WriteStringToFile(&env, text, path + ".new", true);
  if (status.ok()) status = env.RenameFile(path + ".new", path);
  std::unique_ptr<rocksdb::Directory> directory;
  if (status.ok()) status = env.NewDirectory(dir, &directory);
  if (status.ok()) status = directory->Fsync();
  if (!status.ok()) return fail(to_error(status, "writing " + path));
  return {};
}

Status migrate(rocksdb::DB& db, const Database::Handles& handles, rocksdb::Env& env, const std::string& dir,
               Marker marker) {
  while (marker.layout < kLayout) {
    log::info("rocksdb.migrate", {{"dir", dir}, {"from", std::to_string(marker.layout)}});
    if (auto stepped = kSteps.at(marker.layout - 1)(db, handles); !stepped) return stepped;
    ++marker.layout;
    if (auto written = write_marker(env, dir, marker); !written) return written;
  }
  return {};
}

}  // namespace schedules::rocks
