#include "mongo/json.h"

#include <boost/json.hpp>

#include <set>

#include "base/text.h"
#include "time/text.h"

namespace schedules::mongo {
namespace {

namespace json = boost::json;

std::optional<Value> value_of(const json::value& from);

bool is_storable(std::string_view key) { return !key.empty() && key.front() != '$' && key.find('\0') == key.npos; }

std::optional<Document> document_of(const json::object& from) {
  Document document;
  for (const auto& [key, inner] : from) {
    const auto value = is_storable(key) ? value_of(inner) : std::nullopt;
    if (!value) return std::nullopt;
    document.add(key, *value);
  }
  return document;
}

std::optional<Value> value_of(const json::value& from) {
  switch (from.kind()) {
    case json::kind::null:
      return Value(nullptr);
    case json::kind::bool_:
      return Value(from.get_bool());
    case json::kind::int64:
      return Value(from.get_int64());
    case json::kind::uint64:
      return std::nullopt;  // beyond int64
    case json::kind::double_:
      return Value(from.get_double());
    case json::kind::string:
      return Value(std::string_view(from.get_string()));
    case json::kind::array: {
      Array array;
      for (const auto& inner : from.get_array()) {
        const auto value = value_of(inner);
        if (!value) return std::nullopt;
        array.add(*value);
      }
      return Value(array);
    }
    case json::kind::object:
      break;
  }
  const auto document = document_of(from.get_object());
  return document ? std::optional(Value(*document)) : std::nullopt;
}

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t count = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) group = group << 8U | (k < count ? static_cast<uint8_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out.push_back(k <= count ? kDigits[group >> (18 - 6 * k) & 0x3FU] : '=');
  }
  return out;
}

/// Writes one document as JSON; `depth` is bounded, so recursion is too.
class Writer {
 public:
  explicit Writer(size_t most_bytes) : most_(most_bytes) {}

  Status object(std::string_view bytes, int level) {
    out.push_back('{');
    std::set<std::string_view> seen;
    Reader reader(bytes);
    while (auto element = reader.next()) {
      if (!seen.insert(element->name).second)
        return fail(Code::invalid_argument, "has the key \"{}\" twice", name_of(*element));
      if (out.back() != '{') out.push_back(',');
      if (!is_valid_utf8(element->name)) return fail(Code::invalid_utf8, "has a key that is not UTF-8");
      append_json_string(out, element->name);
      out.push_back(':');
      if (auto done = value(*element, level); !done) return done;
    }
    out.push_back('}');
    return end(reader);
  }

  std::string out;

 private:
  static std::string name_of(const Element& element) { return truncate_utf8(element.name, 64); }

  [[nodiscard]] Status end(const Reader& reader) const {
    if (!reader.ok()) return fail(Code::invalid_argument, "is not sound BSON");
    return {};
  }

  Status array(std::string_view bytes, int level) {
    out.push_back('[');
    Reader reader(bytes);
    while (auto element = reader.next()) {
      if (out.back() != '[') out.push_back(',');
      if (auto done = value(*element, level); !done) return done;
    }
    out.push_back(']');
    return end(reader);
  }

  Status value(const Element& element, int level) {
    if (out.size() > most_) return fail(Code::out_of_range, "has more than {} bytes", most_);
    switch (element.type) {
      case Type::null:
      case Type::undefined:
        out += "null";
        return {};
      case Type::boolean:
        out += *element.boolean() ? "true" : "false";
        return {};
      case Type::int32:
      case Type::int64:
        out += std::to_string(*element.integer());
        return {};
      case Type::real:
        return real(element);
      case Type::text:
        return text(*element.text(), element);
      case Type::object_id:
        out += '"' + *element.object_id() + '"';
        return {};
      case Type::binary:
        out += '"' + base64(*element.binary()) + '"';
        return {};
      case Type::date:
        return date(element);
      case Type::document:
      case Type::array:
        if (level >= kMaxJsonLevels)
          return fail(Code::out_of_range, "is nested more than {} levels deep", kMaxJsonLevels);
        return element.type == Type::array ? array(element.bytes, level + 1) : object(element.bytes, level + 1);
      default:
        return fail(Code::invalid_argument, "has {} at \"{}\", which JSON cannot say", to_string(element.type),
                    name_of(element));
    }
  }

  Status text(std::string_view text, const Element& element) {
    if (!is_valid_utf8(text)) return fail(Code::invalid_utf8, "has text at \"{}\" that is not UTF-8", name_of(element));
    append_json_string(out, text);
    return {};
  }

  Status real(const Element& element) {
    const auto number = element.number();
    if (!number) return fail(Code::invalid_argument, "has an infinite number at \"{}\"", name_of(element));
    out += fmt::format("{}", *number);
    return {};
  }

  Status date(const Element& element) {
    constexpr int64_t kMost = 7'258'118'400'000;  // the year 2200
    const int64_t ms = *element.date_ms();
    if (ms < -kMost || ms > kMost)
      return fail(Code::out_of_range, "has a date out of range at \"{}\"", name_of(element));
    out += '"' + format_time(from_micros(ms * 1000)) + '"';
    return {};
  }

  const size_t most_;
};

}  // namespace

std::optional<Document> document_of_json(std::string_view text, size_t most_bytes) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = kMaxJsonLevels;
  const auto parsed = json::parse({text.data(), text.size()}, error, {}, options);
  if (error || !parsed.is_object()) return std::nullopt;
  auto document = document_of(parsed.get_object());
  if (document && document->size() > most_bytes) return std::nullopt;
  return document;
}

Result<std::string> json_of_document(std::string_view document, size_t most_bytes) {
  Writer writer(most_bytes);
  if (auto done = writer.object(document, 1); !done) return fail(std::move(done.error()));
  if (writer.out.size() > most_bytes) return fail(Code::out_of_range, "has more than {} bytes", most_bytes);
  return std::move(writer.out);
}

}  // namespace schedules::mongo
