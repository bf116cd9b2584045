// What the disk allows: records of 300 bytes appended and fdatasynced in batches, to a growing file and over a
// preallocated one.
//   fsync_bench [DIR] [SECONDS]      one JSON line a batch size and kind of file
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace {

constexpr size_t kRecord = 300;
constexpr off_t kPreallocated = 256L * 1024 * 1024;
using Clock = std::chrono::steady_clock;

struct Kind {
  const char* name;
  bool preallocated;
};

double share(const std::vector<double>& sorted, double part) {
  return sorted[std::min(sorted.size() - 1, static_cast<size_t>(part * static_cast<double>(sorted.size())))];
}

void fill(int file) {
  const std::string block(1024 * 1024, 'x');
  for (off_t at = 0; at < kPreallocated; at += static_cast<off_t>(block.size())) {
    if (::pwrite(file, block.data(), block.size(), at) < 0) std::exit(1);
  }
  ::fsync(file);
}

void measure(const std::string& path, const Kind& kind, size_t batch, double seconds) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    std::perror(path.c_str());
    std::exit(1);
  }
  if (kind.preallocated) fill(file);
  const std::string records(kRecord * batch, 'r');
  std::vector<double> took_ms;
  const auto began = Clock::now();
  const auto end = began + std::chrono::duration<double>(seconds);
  off_t at = 0;
  for (auto now = began; now < end;) {
    if (kind.preallocated && at + static_cast<off_t>(records.size()) > kPreallocated) at = 0;
    if (::pwrite(file, records.data(), records.size(), at) < 0 || ::fdatasync(file) != 0) std::exit(1);
    at += static_cast<off_t>(records.size());
    const auto done = Clock::now();
    took_ms.push_back(std::chrono::duration<double, std::milli>(done - now).count());
    now = done;
  }
  const double took = std::chrono::duration<double>(Clock::now() - began).count();
  std::ranges::sort(took_ms);
  fmt::print(
      "{{\"bench\":\"limit_disk\",\"file\":\"{}\",\"batch\":{},\"record_bytes\":{},\"records_per_s\":{:.0f},"
      "\"sync_p50_ms\":{:.3f},\"sync_p99_ms\":{:.3f},\"sync_max_ms\":{:.3f}}}\n",
      kind.name, batch, kRecord, static_cast<double>(took_ms.size() * batch) / took, share(took_ms, 0.5),
      share(took_ms, 0.99), took_ms.back());
  std::fflush(stdout);
  ::close(file);
  ::unlink(path.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  const std::string dir = argc > 1 ? argv[1] : ".";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 1.5;
  for (const Kind kind : {Kind{"growing", false}, Kind{"preallocated", true}}) {
    for (const size_t batch : {1, 64, 1024}) measure(dir + "/fsync_bench.tmp", kind, batch, seconds);
  }
}
