// Waits for the answer of an asynchronous call. For threads that may block: never an engine's, a store's or an HTTP thread.
#pragma once

#include <future>

#include "base/result.h"

namespace schedules {

/// `call` is given the Done<T> to pass on.
template <class T, class Call>
Result<T> await(Call call) {
  std::promise<Result<T>> promise;
  auto future = promise.get_future();
  call(Done<T>([&promise](Result<T> result) { promise.set_value(std::move(result)); }));
  return future.get();
}

}  // namespace schedules
