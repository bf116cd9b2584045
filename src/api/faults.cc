#include "api/faults.h"

#include "base/text.h"
#include "time/text.h"

namespace schedules::api {
namespace {

constexpr size_t kMostFaults = 50;

}  // namespace

void Faults::add(Code code, std::string_view field, std::string detail) {
  if (all_.more.size() >= kMostFaults) return;
  add_fault(all_, Error{.code = code, .detail = std::move(detail), .field = std::string(field)});
}

bool Faults::expect(std::string_view field, const json::Value& value, json::Kind kind) {
  if (value.kind == kind) return true;
  add(Code::wrong_type, field,
      fmt::format("{} must be {}, not {}", field, json::to_string(kind), json::to_string(value.kind)));
  return false;
}

std::optional<std::string> Faults::name(std::string_view field, const json::Value& value, Presence presence,
                                        size_t limit) {
  if (!expect(field, value, json::Kind::string)) return std::nullopt;
  if (value.text.empty() && presence == Presence::required) {
    add(Code::missing_field, field, fmt::format("{} must not be empty", field));
  } else if (value.text.size() > limit) {
    add(Code::too_long, field, fmt::format("{} may hold {} bytes", field, limit));
  } else if (!is_printable(value.text)) {
    add(Code::invalid_argument, field, fmt::format("{} must not hold control characters", field));
  } else {
    return std::string(value.text);
  }
  return std::nullopt;
}

std::optional<std::string> Faults::text(std::string_view field, const json::Value& value, size_t limit) {
  if (!expect(field, value, json::Kind::string)) return std::nullopt;
  if (value.text.size() > limit) {
    add(Code::too_long, field, fmt::format("{} may hold {} bytes", field, limit));
  } else if (value.text.find('\0') != std::string_view::npos) {
    add(Code::invalid_argument, field, fmt::format("{} must not hold NUL", field));
  } else {
    return std::string(value.text);
  }
  return std::nullopt;
}

std::optional<int64_t> Faults::integer(std::string_view field, const json::Value& value, int64_t min, int64_t max) {
  if (!expect(field, value, json::Kind::number)) return std::nullopt;
  const auto number = value.integer();
  if (!number && value.number() && std::abs(*value.number()) < 9e15) {
    add(Code::wrong_type, field, fmt::format("{} must be a whole number", field));
  } else if (!number || *number < min || *number > max) {
    add(Code::out_of_range, field, fmt::format("{} must be from {} to {}", field, min, max));
  } else {
    return number;
  }
  return std::nullopt;
}

std::optional<double> Faults::number(std::string_view field, const json::Value& value, double min, double max) {
  if (!expect(field, value, json::Kind::number)) return std::nullopt;
  const auto number = value.number();
  if (number && *number >= min && *number <= max) return number;
  add(Code::out_of_range, field, fmt::format("{} must be from {} to {}", field, min, max));
  return std::nullopt;
}

std::optional<bool> Faults::boolean(std::string_view field, const json::Value& value) {
  if (!expect(field, value, json::Kind::boolean)) return std::nullopt;
  return value.is_true();
}

std::optional<TimePoint> Faults::time(std::string_view field, const json::Value& value) {
  if (!expect(field, value, json::Kind::string)) return std::nullopt;
  auto time = parse_time(value.text);
  if (time) return *time;
  add(Code::invalid_time, field, fmt::format("{}: {}", field, time.error().detail));
  return std::nullopt;
}

std::optional<std::string> Faults::object(std::string_view field, const json::Value& value) {
  std::optional<std::string> found;
  if (value.kind == json::Kind::string) {
    // Read as the element of an array, so that it comes out compact.
    json::Document wrapped;
    if (wrapped.read(fmt::format("[{}]", value.text)) && wrapped.members().size() == 1 &&
        wrapped.members()[0].value.kind == json::Kind::object) {
      found = std::string(wrapped.members()[0].value.text);
    } else {
      add(Code::wrong_type, field, fmt::format("{} must be an object, or a text that holds one as JSON", field));
    }
  } else if (expect(field, value, json::Kind::object)) {
    found = std::string(value.text);
  }
  if (!found || found->size() <= kMaxBodyBytes) return found;
  add(Code::too_long, field, fmt::format("{} may hold {} bytes of JSON", field, kMaxBodyBytes));
  return std::nullopt;
}

std::optional<Headers> Faults::headers(std::string_view field, const json::Value& value) {
  if (!expect(field, value, json::Kind::object)) return std::nullopt;
  json::Document document;
  if (auto read = document.read(value.text); !read) {
    add(Code::invalid_argument, field, fmt::format("{}: {}", field, read.error().detail));
    return std::nullopt;
  }
  if (document.members().size() > kMaxHeaders) {
    add(Code::too_long, field, fmt::format("{} may hold {} entries", field, kMaxHeaders));
    return std::nullopt;
  }
  Headers headers;
  for (const auto& [key, entry] : document.members()) {
    const std::string path = fmt::format("{}.{}", field, truncate_utf8(key, 80));
    if (key.empty() || key.size() > kMaxNameChars || !is_printable(key))
      add(Code::invalid_argument, path,
          fmt::format("a name in {} must be 1 to {} printable bytes", field, kMaxNameChars));
    if (auto text = name(path, entry, Presence::optional, kMaxHeaderBytes))
      headers.emplace_back(std::string(key), std::move(*text));
  }
  return headers;
}

std::optional<std::vector<std::string>> Faults::names(std::string_view field, const json::Value& value, size_t most) {
  if (!expect(field, value, json::Kind::array)) return std::nullopt;
  json::Document document;
  if (!document.read(value.text)) return std::nullopt;
  if (document.members().size() > most) {
    add(Code::too_long, field, fmt::format("{} may hold {} entries", field, most));
    return std::nullopt;
  }
  std::vector<std::string> names;
  for (size_t i = 0; i < document.members().size(); ++i)
    if (auto found = name(fmt::format("{}.{}", field, i), document.members()[i].value, Presence::required))
      names.push_back(std::move(*found));
  return names;
}

std::optional<Target> Faults::target(std::string_view field, const json::Value& value) {
  if (!expect(field, value, json::Kind::object)) return std::nullopt;
  json::Document document;
  if (auto read = document.read(value.text); !read) {
    add(Code::invalid_argument, field, fmt::format("{}: {}", field, read.error().detail));
    return std::nullopt;
  }
  Target target;
  const std::string type_path = fmt::format("{}.type", field);
  const std::string url_path = fmt::format("{}.url", field);
  for (const auto& [key, entry] : document.members()) {
    if (key == "type") {
      const auto parse = [](std::string_view word) {
        const auto kind = parse_target_kind(word);
        return kind == TargetKind::handler ? std::nullopt : kind;
      };
      target.kind =
          choice(type_path, entry, parse, "automatic, stream, webhook, log, kafka").value_or(TargetKind::automatic);
    } else if (key == "url") {
      target.url = name(url_path, entry, Presence::required, kMaxUrlBytes).value_or("");
    } else {
      add(Code::unknown_field, fmt::format("{}.{}", field, truncate_utf8(key, 80)),
          fmt::format("{} knows type and url", field));
    }
  }
  if (document.find("type") == nullptr) add(Code::missing_field, type_path, fmt::format("{} is missing", type_path));
  const bool web = target.url.starts_with("http://") || target.url.starts_with("https://");
  if (target.kind == TargetKind::webhook && document.find("url") == nullptr)
    add(Code::missing_field, url_path, fmt::format("{} is missing", url_path));
  else if (!target.url.empty() &&
           (target.kind != TargetKind::webhook || !web || target.url.find(' ') != std::string::npos))
    add(Code::invalid_argument, url_path, fmt::format("{} must be an http or https address, of a webhook", url_path));
  return target;
}

}  // namespace schedules::api
