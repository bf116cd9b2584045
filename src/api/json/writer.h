// Appends JSON text to a string; commas come by themselves.
//   Writer out(text);
//   out.open('{').key("id").text(id).key("count").number(3).close('}');
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "base/text.h"
#include "time/text.h"

namespace schedules::json {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out), start_(out.size()) {}

  Writer& open(char mark) {
    separate();
    out_.push_back(mark);
    return *this;
  }
  Writer& close(char mark) {
    out_.push_back(mark);
    return *this;
  }
  /// A name of ours, which needs no escapes.
  Writer& key(std::string_view name) {
    separate();
    out_.push_back('"');
    out_ += name;
    out_ += "\":";
    return *this;
  }
  Writer& any_key(std::string_view name) {
    separate();
    append_json_string(out_, name);
    out_.push_back(':');
    return *this;
  }
  Writer& text(std::string_view value) {
    separate();
    append_json_string(out_, value);
    return *this;
  }
  /// JSON text as it is.
  Writer& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }
  template <class T>
  Writer& number(T value) {
    separate();
    fmt::format_to(std::back_inserter(out_), "{}", value);
    return *this;
  }
  Writer& boolean(bool value) { return raw(value ? "true" : "false"); }
  Writer& null() { return raw("null"); }
  Writer& time(TimePoint value) {
    separate();
    out_.push_back('"');
    append_time(out_, value);
    out_.push_back('"');
    return *this;
  }

  // Whole members, null where the value is absent.
  Writer& field(std::string_view name, std::string_view value) { return key(name).text(value); }
  template <class T>
  Writer& field(std::string_view name, const std::optional<T>& value) {
    return value ? field(name, *value) : key(name).null();
  }
  Writer& field(std::string_view name, TimePoint value) { return key(name).time(value); }

 private:
  void separate() {
    if (out_.size() == start_) return;
    const char last = out_.back();
    if (last != '{' && last != '[' && last != ':') out_.push_back(',');
  }

  std::string& out_;
  size_t start_;
};

}  // namespace schedules::json
