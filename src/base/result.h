// Result<T>: a value or an Error. The only place that names the library behind it.
#pragma once

#include <functional>
#include <utility>

#include <fmt/format.h>
#include <tl/expected.hpp>

#include "base/error.h"

namespace schedules {

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

/// The answer of an asynchronous call: called exactly once, on a thread of the callee, and must not block.
template <class T>
using Done = std::move_only_function<void(Result<T>)>;

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail(Code code, fmt::format_string<Args...> text, Args&&... args) {
  return tl::unexpected(Error{.code = code, .detail = fmt::format(text, std::forward<Args>(args)...)});
}

template <class... Args>
[[nodiscard]] tl::unexpected<Error> fail_field(Code code, std::string field, fmt::format_string<Args...> text,
                                               Args&&... args) {
  return tl::unexpected(
      Error{.code = code, .detail = fmt::format(text, std::forward<Args>(args)...), .field = std::move(field)});
}

[[nodiscard]] inline tl::unexpected<Error> fail(Error error) { return tl::unexpected(std::move(error)); }

}  // namespace schedules
