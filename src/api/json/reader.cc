#include "api/json/reader.h"

#include <charconv>
#include <cmath>

#include <boost/json/basic_parser_impl.hpp>

#include "base/text.h"

namespace schedules::json {

namespace bj = boost::json;
using boost::system::error_code;
using View = bj::string_view;

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::null:
      return "null";
    case Kind::boolean:
      return "true or false";
    case Kind::number:
      return "a number";
    case Kind::string:
      return "a text";
    case Kind::object:
      return "an object";
    case Kind::array:
      return "an array";
  }
  return "?";
}

std::optional<int64_t> Value::integer() const {
  if (kind != Kind::number) return std::nullopt;
  int64_t whole = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc() && end == text.data() + text.size()) return whole;
  const auto real = number();
  if (!real || std::floor(*real) != *real || std::abs(*real) > 9e15) return std::nullopt;
  return static_cast<int64_t>(*real);
}

std::optional<double> Value::number() const {
  if (kind != Kind::number) return std::nullopt;
  double real = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(real)) return std::nullopt;
  return real;
}

// Receives the parser's events. Views into the arena are kept as offsets until it stops growing.
struct Builder {
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_key_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_string_size = std::numeric_limits<size_t>::max();

  explicit Builder(Document& document) : doc(document) {}

  struct Slot {
    Kind kind = Kind::null;
    size_t key_at = 0;
    size_t key_size = 0;
    size_t at = 0;
    size_t size = 0;
  };

  Document& doc;
  std::vector<Slot>* slots = nullptr;
  Slot root;
  Slot current;
  size_t depth = 0;

  // Inside a nested value: JSON text is written, with a comma where one belongs.
  void separate() {
    const char last = doc.arena_.back();
    if (doc.arena_.size() > current.at && last != '{' && last != '[' && last != ':') doc.arena_.push_back(',');
  }
  void start_value(Kind kind) {
    if (depth == 1) {
      current.kind = kind;
      current.at = doc.arena_.size();
    } else if (depth > 1) {
      separate();
    }
  }
  void end_value() {
    if (depth != 1) return;
    current.size = doc.arena_.size() - current.at;
    slots->push_back(current);
    current.key_size = 0;
  }
  void scalar(Kind kind, std::string_view text) {
    start_value(kind);
    if (depth == 0) {
      root = Slot{kind, 0, 0, 0, text.size()};
    }
    doc.arena_.append(text);
    end_value();
  }
  bool open(Kind kind, char mark) {
    if (depth == 0) {
      root.kind = kind;
    } else {
      start_value(kind);
      doc.arena_.push_back(mark);
    }
    ++depth;
    return true;
  }
  bool close(char mark) {
    --depth;
    if (depth == 0) return true;
    doc.arena_.push_back(mark);
    end_value();
    return true;
  }
  std::string_view whole(View part) {
    if (doc.scratch_.empty()) return {part.data(), part.size()};
    doc.scratch_.append(part.data(), part.size());
    return doc.scratch_;
  }
  bool keep_part(View part) {
    doc.scratch_.append(part.data(), part.size());
    return true;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(Kind::object, '{'); }
  bool on_object_end(size_t, error_code&) { return close('}'); }
  bool on_array_begin(error_code&) { return open(Kind::array, '['); }
  bool on_array_end(size_t, error_code&) { return close(']'); }
  bool on_key_part(View part, size_t, error_code&) { return keep_part(part); }
  bool on_key(View part, size_t, error_code&) {
    const std::string_view key = whole(part);
    if (depth == 1) {
      current.key_at = doc.arena_.size();
      current.key_size = key.size();
      doc.arena_.append(key);
    } else {
      separate();
      append_json_string(doc.arena_, key);
      doc.arena_.push_back(':');
    }
    doc.scratch_.clear();
    return true;
  }
  bool on_string_part(View part, size_t, error_code&) { return keep_part(part); }
  bool on_string(View part, size_t, error_code&) {
    const std::string_view text = whole(part);
    if (depth <= 1) {
      scalar(Kind::string, text);
    } else {
      separate();
      append_json_string(doc.arena_, text);
    }
    doc.scratch_.clear();
    return true;
  }
  bool on_number_part(View part, error_code&) { return keep_part(part); }
  bool number(View part) {
    scalar(Kind::number, whole(part));
    doc.scratch_.clear();
    return true;
  }
  bool on_int64(int64_t, View part, error_code&) { return number(part); }
  bool on_uint64(uint64_t, View part, error_code&) { return number(part); }
  bool on_double(double, View part, error_code&) { return number(part); }
  bool on_bool(bool value, error_code&) {
    scalar(Kind::boolean, value ? "true" : "false");
    return true;
  }
  bool on_null(error_code&) {
    scalar(Kind::null, "null");
    return true;
  }
  bool on_comment_part(View, error_code&) { return true; }
  bool on_comment(View, error_code&) { return true; }
};

namespace {

tl::unexpected<Error> broken(std::string_view text, size_t at, const std::string& why) {
  const bool utf8 = is_valid_utf8(text);
  auto error = fail(Code::invalid_json, "{} at byte {}", utf8 ? why : "the text is not valid UTF-8", at);
  error.value().column = static_cast<int>(std::min<size_t>(at, 1U << 30U));
  return error;
}

bool has_key_twice(const std::vector<Member>& members, std::string_view& twice) {
  if (members.size() > 64) {
    std::unordered_set<std::string_view> seen;
    for (const auto& member : members)
      if (!seen.insert(twice = member.key).second) return true;
    return false;
  }
  for (size_t i = 1; i < members.size(); ++i)
    for (size_t j = 0; j < i; ++j)
      if (members[i].key == members[j].key) {
        twice = members[i].key;
        return true;
      }
  return false;
}

}  // namespace

Status Document::read(std::string_view text) {
  thread_local std::vector<Builder::Slot> slots;
  slots.clear();
  members_.clear();
  arena_.clear();
  scratch_.clear();
  arena_.reserve(text.size() + 16);
  bj::parse_options options;
  options.max_depth = kMaxDepth;
  bj::basic_parser<Builder> parser(options, *this);
  parser.handler().slots = &slots;
  error_code ec;
  const size_t used = parser.write_some(false, text.data(), text.size(), ec);
  if (ec) return broken(text, used, ec.message());
  if (used < text.size()) return broken(text, used, "extra data");
  const Builder& builder = parser.handler();
  const std::string_view arena = arena_;
  root_ = Value{builder.root.kind, arena.substr(builder.root.at, builder.root.size)};
  members_.reserve(slots.size());
  for (const auto& slot : slots)
    members_.push_back({arena.substr(slot.key_at, slot.key_size), {slot.kind, arena.substr(slot.at, slot.size)}});
  std::string_view twice;
  if (kind() == Kind::object && has_key_twice(members_, twice))
    return fail_field(Code::invalid_json, std::string(twice), "the key {} is there twice", twice);
  return {};
}

const Value* Document::find(std::string_view key) const {
  for (const auto& member : members_)
    if (member.key == key) return &member.value;
  return nullptr;
}

std::string to_json(const Value& value) {
  if (value.kind != Kind::string) return std::string(value.text);
  std::string out;
  append_json_string(out, value.text);
  return out;
}

}  // namespace schedules::json
