// BSON: documents are written as bytes and read in place. What is read may have been written by anybody: a reader never
// runs past its end, and a value is only answered as the type that it has. Plain values.
//
//   Document filter{{"status", "active"}, {"next_execution", Document{{"$lte", until}}}};
//   for (Reader reader(bytes); auto element = reader.next();) …
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "time/clock.h"

namespace schedules::mongo {

enum class Type : uint8_t {
  real = 0x01,
  text = 0x02,
  document = 0x03,
  array = 0x04,
  binary = 0x05,
  undefined = 0x06,
  object_id = 0x07,
  boolean = 0x08,
  date = 0x09,
  null = 0x0A,
  regex = 0x0B,
  pointer = 0x0C,
  code = 0x0D,
  symbol = 0x0E,
  scoped_code = 0x0F,
  int32 = 0x10,
  timestamp = 0x11,
  int64 = 0x12,
  decimal = 0x13,
  max_key = 0x7F,
  min_key = 0xFF,
};

/// "a string", for messages.
std::string_view to_string(Type type);

class Document;
class Array;
struct Element;

/// An ObjectId, as the 24 hex digits that ours are.
struct ObjectId {
  std::string_view hex;
};
/// Bytes as such.
struct Binary {
  std::string_view bytes;
};

/// One encoded value.
class Value {
 public:
  Value(std::nullptr_t) : type_(Type::null) {}                       // NOLINT(google-explicit-constructor)
  Value(bool value);                                                 // NOLINT(google-explicit-constructor)
  Value(double value);                                               // NOLINT(google-explicit-constructor)
  Value(int value) : Value(static_cast<int64_t>(value)) {}           // NOLINT(google-explicit-constructor)
  Value(int64_t value);                                              // NOLINT(google-explicit-constructor)
  Value(uint32_t value) : Value(static_cast<int64_t>(value)) {}      // NOLINT(google-explicit-constructor)
  Value(uint64_t value) : Value(static_cast<int64_t>(value)) {}      // NOLINT(google-explicit-constructor)
  Value(const char* text) : Value(std::string_view(text)) {}         // NOLINT(google-explicit-constructor)
  Value(const std::string& text) : Value(std::string_view(text)) {}  // NOLINT(google-explicit-constructor)
  Value(std::string_view text);                                      // NOLINT(google-explicit-constructor)
  Value(ObjectId id);                                                // NOLINT(google-explicit-constructor)
  Value(Binary binary);                                              // NOLINT(google-explicit-constructor)
  Value(TimePoint time);                                             // NOLINT(google-explicit-constructor)
  Value(const Document& document);                                   // NOLINT(google-explicit-constructor)
  Value(const Array& array);                                         // NOLINT(google-explicit-constructor)
  Value(const Element& element);                                     // NOLINT(google-explicit-constructor)
  template <class T>
  Value(const std::optional<T>& value)
      : Value(value ? Value(*value) : Value(nullptr)) {}  // NOLINT(google-explicit-constructor)

 private:
  friend class Document;
  friend class Array;
  Type type_;
  std::string bytes_;
};

/// Integers become int32 where they fit, as other programs' drivers write them. Times become dates: their milliseconds.
class Document {
 public:
  Document() = default;
  Document(std::initializer_list<std::pair<std::string_view, Value>> fields);
  /// Whole, as read from somewhere; see is_sound.
  static Document from_bytes(std::string_view bytes);

  /// A zero byte cannot be part of a name: what follows it is left out.
  Document& add(std::string_view name, const Value& value);
  [[nodiscard]] bool empty() const { return fields_.empty(); }
  /// With its length in front and its zero behind.
  [[nodiscard]] std::string bytes() const;
  /// Bytes that it takes.
  [[nodiscard]] size_t size() const { return fields_.size() + 5; }

  bool operator==(const Document&) const = default;

 private:
  std::string fields_;
};

class Array {
 public:
  Array() = default;
  Array(std::initializer_list<Value> values);
  Array& add(const Value& value);
  [[nodiscard]] bool empty() const { return count_ == 0; }

 private:
  friend class Value;
  Document document_;
  size_t count_ = 0;
};

/// One field of a document that is being read; lives as long as the bytes that it is of.
struct Element {
  Type type = Type::null;
  std::string_view name;
  std::string_view bytes;  ///< of the value

  [[nodiscard]] bool is_null() const { return type == Type::null || type == Type::undefined; }
  /// nullopt where it is something else.
  [[nodiscard]] std::optional<std::string_view> text() const;
  [[nodiscard]] std::optional<bool> boolean() const;
  /// Also a double that is a whole number.
  [[nodiscard]] std::optional<int64_t> integer() const;
  /// Any finite number but a decimal.
  [[nodiscard]] std::optional<double> number() const;
  /// Milliseconds since 1970.
  [[nodiscard]] std::optional<int64_t> date_ms() const;
  [[nodiscard]] std::optional<std::string> object_id() const;
  [[nodiscard]] std::optional<std::string_view> binary() const;
  /// Bytes of the inner document or array.
  [[nodiscard]] std::optional<std::string_view> document() const;
  [[nodiscard]] std::optional<std::string_view> array() const;
};

/// Goes through the fields of a document or array, one level deep.
class Reader {
 public:
  explicit Reader(std::string_view document);
  /// nullopt at the end, or where the bytes are none of BSON: ask ok().
  std::optional<Element> next();
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = false;
};

/// The field of that name; nullopt where there is none. Dots go into inner documents.
std::optional<Element> find(std::string_view document, std::string_view path);
/// Names and values of every level can be read, `most_levels` at the most.
bool is_sound(std::string_view document, int most_levels);

}  // namespace schedules::mongo
