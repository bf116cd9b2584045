#include "mongo/bson.h"

#include <bit>
#include <limits>

#include "base/check.h"
#include "base/ids.h"

namespace schedules::mongo {
namespace {

template <class Number>
void append(std::string& out, Number value) {
  for (size_t i = 0; i < sizeof(Number); ++i) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(value) >> (8 * i) & 0xFFU));
  }
}

uint8_t digit(char hex) {
  if (hex >= '0' && hex <= '9') return static_cast<uint8_t>(hex - '0');
  return static_cast<uint8_t>((hex | 0x20) - 'a' + 10);
}

}  // namespace

Value::Value(bool value) : type_(Type::boolean), bytes_(1, value ? '\1' : '\0') {}

Value::Value(double value) : type_(Type::real) { append(bytes_, std::bit_cast<uint64_t>(value)); }

Value::Value(int64_t value) : type_(Type::int64) {
  if (value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max()) {
    type_ = Type::int32;
    append(bytes_, static_cast<int32_t>(value));
  } else {
    append(bytes_, value);
  }
}

Value::Value(std::string_view text) : type_(Type::text) {
  append(bytes_, static_cast<int32_t>(text.size() + 1));
  bytes_.append(text).push_back('\0');
}

Value::Value(ObjectId id) : type_(Type::object_id) {
  CHECK(id.hex.size() == 24);
  for (size_t i = 0; i < id.hex.size(); i += 2) {
    bytes_.push_back(static_cast<char>(digit(id.hex[i]) << 4U | digit(id.hex[i + 1])));
  }
}

Value::Value(Binary binary) : type_(Type::binary) {
  append(bytes_, static_cast<int32_t>(binary.bytes.size()));
  bytes_.push_back('\0');  // subtype: generic
  bytes_.append(binary.bytes);
}

Value::Value(TimePoint time) : type_(Type::date) {
  append(bytes_, static_cast<int64_t>(std::chrono::floor<std::chrono::milliseconds>(time).time_since_epoch().count()));
}

Value::Value(const Document& document) : type_(Type::document), bytes_(document.bytes()) {}
Value::Value(const Array& array) : type_(Type::array), bytes_(array.document_.bytes()) {}
Value::Value(const Element& element) : type_(element.type), bytes_(element.bytes) {}

Document::Document(std::initializer_list<std::pair<std::string_view, Value>> fields) {
  for (const auto& [name, value] : fields) add(name, value);
}

Document Document::from_bytes(std::string_view bytes) {
  Document document;
  if (bytes.size() > 5) document.fields_ = bytes.substr(4, bytes.size() - 5);
  return document;
}

Document& Document::add(std::string_view name, const Value& value) {
  fields_.push_back(static_cast<char>(value.type_));
  fields_.append(name.substr(0, name.find('\0'))).push_back('\0');
  fields_.append(value.bytes_);
  return *this;
}

std::string Document::bytes() const {
  std::string out;
  out.reserve(size());
  append(out, static_cast<int32_t>(size()));
  out.append(fields_).push_back('\0');
  return out;
}

Array::Array(std::initializer_list<Value> values) {
  for (const auto& value : values) add(value);
}

Array& Array::add(const Value& value) {
  document_.add(std::to_string(count_++), value);
  return *this;
}

}  // namespace schedules::mongo
