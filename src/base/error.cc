#include "base/error.h"

#include <array>

namespace schedules {
namespace {

struct Row {
  std::string_view name;
  int status;
  bool retryable;
  std::string_view title;
};

constexpr std::array kRows{
#define X(code, status, retryable, title) Row{#code, status, retryable, title},
#include "base/errors.def"
#undef X
};

const Row& row(Code code) { return kRows.at(static_cast<size_t>(code)); }

}  // namespace

std::string_view to_string(Code code) { return row(code).name; }
std::string_view title_of(Code code) { return row(code).title; }
int http_status_of(Code code) { return row(code).status; }
bool retryable(Code code) { return row(code).retryable; }

}  // namespace schedules
