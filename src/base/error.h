// What went wrong, in one value: a stable code, a sentence, and the field it is about.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace schedules {

enum class Code {
#define X(code, status, retryable, title) code,
#include "base/errors.def"
#undef X
};

/// The code as written on the wire, e.g. "idempotency_conflict".
std::string_view to_string(Code code);
/// One sentence that is the same for every error of this code.
std::string_view title_of(Code code);
int http_status_of(Code code);
/// Whether the same call may succeed later without a change.
bool retryable(Code code);

struct Error {
  Code code = Code::internal;
  std::string detail;                       ///< what was tried and why it failed
  std::string field;                        ///< dotted path of the input it is about, or empty
  int column = -1;                          ///< 0-based column inside the field's text, or -1
  std::chrono::milliseconds retry_after{};  ///< 0: not said
  std::vector<Error> more;                  ///< further faults found in the same input
};

}  // namespace schedules
