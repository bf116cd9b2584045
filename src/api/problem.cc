#include "api/problem.h"

#include "api/json/reader.h"
#include "api/json/writer.h"

namespace schedules::api {
namespace {

// pydantic's names, which clients of the contract know.
std::string_view contract_type(Code code) {
  switch (code) {
    case Code::missing_field:
      return "missing";
    case Code::wrong_type:
      return "type_error";
    case Code::invalid_json:
      return "json_invalid";
    case Code::too_long:
      return "string_too_long";
    case Code::out_of_range:
      return "out_of_range";
    case Code::unknown_field:
      return "extra_forbidden";
    default:
      return "value_error";
  }
}

void append_path(json::Writer& out, std::string_view path) {
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('.'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    const bool index = !part.empty() && part.size() < 10 && part.find_first_not_of("0123456789") == part.npos;
    if (index) {
      out.raw(part);
    } else {
      out.text(part);
    }
  }
}

void append_input(json::Writer& out, const json::Document& document, std::string_view name) {
  out.key("input");
  const auto* value = document.find(name.substr(0, name.find('.')));
  if (value == nullptr) {
    out.null();
  } else {
    out.raw(json::to_json(*value));
  }
}

void append_contract_fault(json::Writer& out, const Error& error, const json::Document& document) {
  const FieldPlace at = place_of(error.field);
  out.open('{').field("type", contract_type(error.code)).key("loc").open('[').text(at.place);
  append_path(out, at.name);
  out.close(']').field("msg", error.detail);
  append_input(out, document, at.place == "body" ? at.name : std::string_view{});
  out.field("code", to_string(error.code)).close('}');
}

int contract_status(const Error& error) { return error.code == Code::invalid_json ? 422 : http_status_of(error.code); }

std::string contract_body(const Error& error, const ErrorContext& context) {
  std::string text;
  json::Writer out(text);
  out.open('{').key("detail");
  if (contract_status(error) == 422) {
    json::Document document;
    if (!context.body.empty() && !document.read(context.body)) document = {};
    out.open('[');
    append_contract_fault(out, error, document);
    for (const auto& fault : error.more) append_contract_fault(out, fault, document);
    out.close(']');
  } else {
    out.text(error.detail.empty() ? title_of(error.code) : std::string_view(error.detail));
  }
  out.field("code", to_string(error.code)).field("request_id", context.request_id);
  if (!context.members.empty()) out.raw(context.members);
  out.close('}');
  return text;
}

void append_fault(json::Writer& out, const Error& error) {
  out.open('{').field("field", place_of(error.field).name).field("code", to_string(error.code));
  out.field("detail", error.detail);
  if (error.column >= 0) out.key("column").number(error.column);
  out.close('}');
}

void append_faults(json::Writer& out, const Error& error) {
  out.key("errors").open('[');
  if (!error.field.empty() || !error.more.empty()) append_fault(out, error);
  for (const auto& fault : error.more) append_fault(out, fault);
  out.close(']');
}

std::string problem_body(const Error& error, const ErrorContext& context) {
  std::string text;
  json::Writer out(text);
  out.open('{').field("type", fmt::format("/docs/errors#{}", to_string(error.code)));
  out.field("title", title_of(error.code)).key("status").number(http_status_of(error.code));
  out.field("detail", error.detail).field("code", to_string(error.code));
  append_faults(out, error);
  out.field("request_id", context.request_id);
  if (!context.members.empty()) out.raw(context.members);
  out.close('}');
  return text;
}

int64_t retry_seconds(const Error& error, int status) {
  const auto said = std::chrono::ceil<std::chrono::seconds>(error.retry_after).count();
  if (said > 0) return said;
  return status == 507 ? 5 : 1;
}

}  // namespace

FieldPlace place_of(std::string_view field) {
  for (const std::string_view place : {"query", "path"})
    if (field.starts_with(place) && field.size() > place.size() && field[place.size()] == ':')
      return {place, field.substr(place.size() + 1)};
  return {"body", field};
}

http::Response error_response(const Error& error, const ErrorContext& context) {
  http::Response response;
  if (context.form == ErrorForm::contract) {
    response.status = contract_status(error);
    response.content_type = "application/json";
    response.body = contract_body(error, context);
  } else {
    response.status = http_status_of(error.code);
    response.content_type = "application/problem+json";
    response.body = problem_body(error, context);
  }
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (response.status == 429 || response.status == 503 || response.status == 507)
    response.headers.emplace_back("Retry-After", std::to_string(retry_seconds(error, response.status)));
  return response;
}

void append_item_error(std::string& text, const Error& error) {
  json::Writer out(text);
  out.open('{').field("code", to_string(error.code)).field("detail", error.detail);
  append_faults(out, error);
  out.close('}');
}

void add_fault(Error& all, Error fault) {
  if (has_faults(all)) {
    all.more.push_back(std::move(fault));
  } else {
    auto more = std::move(all.more);
    all = std::move(fault);
    all.more.insert(all.more.begin(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  }
}

}  // namespace schedules::api
