// Waits for the answer of an asynchronous call, so that a test reads from top to bottom.
//   auto created = await<Schedule>([&](auto done) { store.create(schedule, std::move(done)); });
#pragma once

#include <chrono>
#include <future>
#include <memory>

#include "base/result.h"

namespace schedules::testing {

template <class T, class Call>
Result<T> await(Call call) {
  auto answer = std::make_shared<std::promise<Result<T>>>();
  auto future = answer->get_future();
  call(Done<T>([answer](Result<T> result) { answer->set_value(std::move(result)); }));
  // Only reached by a store that forgets to answer.
  if (future.wait_for(std::chrono::minutes(2)) != std::future_status::ready) {
    return fail(Code::timeout, "the store never answered");
  }
  return future.get();
}

}  // namespace schedules::testing
