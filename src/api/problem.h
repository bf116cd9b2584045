// Errors as HTTP answers: RFC 9457 problems for our routes, the contract's {"detail": …} for the contract's.
#pragma once

#include <string>
#include <string_view>

#include "api/http/message.h"
#include "base/error.h"

namespace schedules::api {

enum class ErrorForm : uint8_t { problem, contract };

/// A field that is not in the body names its place: "query:limit", "path:id". Bodies' fields are bare.
struct FieldPlace {
  std::string_view place;  ///< body, query or path
  std::string_view name;
};
FieldPlace place_of(std::string_view field);

struct ErrorContext {
  ErrorForm form = ErrorForm::problem;
  std::string_view request_id;
  std::string_view body;     ///< the request's, from which the contract's form quotes the refused values
  std::string_view members;  ///< further members of the answer, as JSON: "\"result\":\"in_flight\""
};
http::Response error_response(const Error& error, const ErrorContext& context);
/// {"code","detail","errors":[…]} of one item in a batch.
void append_item_error(std::string& out, const Error& error);
/// Collects several faults in one: the first carries the rest in `more`.
void add_fault(Error& all, Error fault);
inline bool has_faults(const Error& all) { return !all.detail.empty(); }

}  // namespace schedules::api
