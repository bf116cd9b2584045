#include "store/run_book.h"

#include <algorithm>

#include "base/codec.h"

namespace schedules {
namespace {

constexpr uint8_t kLayout = 1;

}  // namespace

std::string pack_runs(const std::vector<RunEntry>& runs) {
  std::string bytes;
  Writer out(bytes);
  out.u8(kLayout);
  out.varint(runs.size());
  for (const auto& run : runs) {
    out.raw(run.event.view());
    out.svarint(to_micros(run.nominal));
    out.svarint(to_micros(run.until));
    out.u8(run.waits ? 1 : 0);
  }
  return bytes;
}

Result<std::vector<RunEntry>> unpack_runs(std::string_view bytes) {
  Reader in(bytes);
  std::vector<RunEntry> runs;
  const uint8_t layout = in.u8();
  if (layout > kLayout) return fail(Code::newer_layout, "runs have layout {}, this version knows {}", layout, kLayout);
  const uint64_t count = in.varint();
  for (uint64_t i = 0; i < count && in.ok(); ++i) {
    RunEntry run;
    const auto id = in.raw(run.event.bytes.size());
    std::ranges::copy(id, run.event.bytes.begin());
    run.nominal = from_micros(in.svarint());
    run.until = from_micros(in.svarint());
    run.waits = in.u8() != 0;
    runs.push_back(run);
  }
  if (layout == 0 || !in.ok() || !in.at_end()) return fail(Code::corrupt, "the runs of a schedule cannot be read");
  return runs;
}

}  // namespace schedules
