#include "mongo/bson.h"

#include <bit>
#include <cmath>

namespace schedules::mongo {
namespace {

template <class Number>
Number load(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes[i])) << (8 * i);
  }
  return static_cast<Number>(value);
}

constexpr size_t kBad = SIZE_MAX;

// A length that stands in the bytes themselves, with `more` bytes that it does not count; at least `least`.
size_t counted(std::string_view rest, size_t more, int32_t least) {
  if (rest.size() < 4) return kBad;
  const auto length = load<int32_t>(rest);
  if (length < least) return kBad;
  return static_cast<size_t>(length) + more;
}

size_t until_zero(std::string_view rest) {
  const size_t zero = rest.find('\0');
  return zero == std::string_view::npos ? kBad : zero + 1;
}

// How many bytes the value takes that `rest` begins with.
size_t size_of(Type type, std::string_view rest) {
  switch (type) {
    case Type::undefined:
    case Type::null:
    case Type::max_key:
    case Type::min_key:
      return 0;
    case Type::boolean:
      return 1;
    case Type::int32:
      return 4;
    case Type::real:
    case Type::date:
    case Type::timestamp:
    case Type::int64:
      return 8;
    case Type::object_id:
      return 12;
    case Type::decimal:
      return 16;
    case Type::text:
    case Type::code:
    case Type::symbol:
      return counted(rest, 4, 1);
    case Type::pointer:
      return counted(rest, 4 + 12, 1);
    case Type::binary:
      return counted(rest, 5, 0);
    case Type::document:
    case Type::array:
    case Type::scoped_code:
      return counted(rest, 0, 5);
    case Type::regex: {
      const size_t pattern = until_zero(rest);
      if (pattern == kBad) return kBad;
      const size_t options = until_zero(rest.substr(pattern));
      return options == kBad ? kBad : pattern + options;
    }
  }
  return kBad;
}

}  // namespace

std::string_view to_string(Type type) {
  switch (type) {
    case Type::real:
      return "a double";
    case Type::text:
      return "a string";
    case Type::document:
      return "a document";
    case Type::array:
      return "an array";
    case Type::binary:
      return "binary";
    case Type::undefined:
      return "undefined";
    case Type::object_id:
      return "an ObjectId";
    case Type::boolean:
      return "a boolean";
    case Type::date:
      return "a date";
    case Type::null:
      return "null";
    case Type::regex:
      return "a regular expression";
    case Type::pointer:
      return "a DBPointer";
    case Type::code:
      return "code";
    case Type::symbol:
      return "a symbol";
    case Type::scoped_code:
      return "code";
    case Type::int32:
      return "an integer";
    case Type::timestamp:
      return "a timestamp";
    case Type::int64:
      return "an integer";
    case Type::decimal:
      return "a decimal";
    case Type::max_key:
      return "MaxKey";
    case Type::min_key:
      return "MinKey";
  }
  return "of an unknown type";
}

std::optional<std::string_view> Element::text() const {
  if (type != Type::text) return std::nullopt;
  return bytes.substr(4, bytes.size() - 5);
}

std::optional<bool> Element::boolean() const {
  if (type != Type::boolean) return std::nullopt;
  return bytes[0] != '\0';
}

std::optional<int64_t> Element::integer() const {
  if (type == Type::int32) return load<int32_t>(bytes);
  if (type == Type::int64) return load<int64_t>(bytes);
  if (type != Type::real) return std::nullopt;
  const auto value = std::bit_cast<double>(load<uint64_t>(bytes));
  if (!(std::abs(value) <= 9'007'199'254'740'992.0) || value != std::trunc(value)) return std::nullopt;
  return static_cast<int64_t>(value);
}

std::optional<double> Element::number() const {
  if (type == Type::int32) return load<int32_t>(bytes);
  if (type == Type::int64) return static_cast<double>(load<int64_t>(bytes));
  if (type != Type::real) return std::nullopt;
  const auto value = std::bit_cast<double>(load<uint64_t>(bytes));
  return std::isfinite(value) ? std::optional(value) : std::nullopt;
}

std::optional<int64_t> Element::date_ms() const {
  if (type != Type::date) return std::nullopt;
  return load<int64_t>(bytes);
}

std::optional<std::string> Element::object_id() const {
  if (type != Type::object_id) return std::nullopt;
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex.push_back(kDigits[static_cast<uint8_t>(byte) >> 4U]);
    hex.push_back(kDigits[static_cast<uint8_t>(byte) & 0xFU]);
  }
  return hex;
}

std::optional<std::string_view> Element::binary() const {
  if (type != Type::binary) return std::nullopt;
  return bytes.substr(5);
}

std::optional<std::string_view> Element::document() const {
  if (type != Type::document) return std::nullopt;
  return bytes;
}

std::optional<std::string_view> Element::array() const {
  if (type != Type::array) return std::nullopt;
  return bytes;
}

Reader::Reader(std::string_view document) {
  if (document.size() < 5 || load<int32_t>(document) != static_cast<int64_t>(document.size())) return;
  if (document.back() != '\0') return;
  rest_ = document.substr(4, document.size() - 5);
  ok_ = true;
}

std::optional<Element> Reader::next() {
  if (!ok_ || rest_.empty()) return std::nullopt;
  Element element;
  element.type = static_cast<Type>(static_cast<uint8_t>(rest_[0]));
  const size_t name_end = rest_.find('\0', 1);
  ok_ = name_end != std::string_view::npos;
  if (!ok_) return std::nullopt;
  element.name = rest_.substr(1, name_end - 1);
  rest_.remove_prefix(name_end + 1);
  const size_t size = size_of(element.type, rest_);
  ok_ = size != kBad && size <= rest_.size();
  if (!ok_) return std::nullopt;
  element.bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return element;
}

std::optional<Element> find(std::string_view document, std::string_view path) {
  const size_t dot = path.find('.');
  const auto name = path.substr(0, dot);
  for (Reader reader(document); auto element = reader.next();) {
    if (element->name != name) continue;
    if (dot == std::string_view::npos) return element;
    const auto inner = element->document();
    return inner ? find(*inner, path.substr(dot + 1)) : std::nullopt;
  }
  return std::nullopt;
}

// A list of what is still to be read instead of recursion: the depth is the writer's choice.
bool is_sound(std::string_view document, int most_levels) {
  std::vector<std::pair<std::string_view, int>> todo{{document, 1}};
  while (!todo.empty()) {
    const auto [bytes, level] = todo.back();
    todo.pop_back();
    if (level > most_levels) return false;
    Reader reader(bytes);
    while (auto element = reader.next()) {
      if (element->type == Type::document || element->type == Type::array) todo.emplace_back(element->bytes, level + 1);
    }
    if (!reader.ok()) return false;
  }
  return true;
}

}  // namespace schedules::mongo
