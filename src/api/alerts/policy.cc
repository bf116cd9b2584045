#include "api/alerts/policy.h"

#include "base/text.h"

namespace schedules::api {
namespace {

constexpr int64_t kDay = 86'400;
constexpr std::string_view kNames[] = {"url", "on", "after_failures", "grace_seconds", "reminder_seconds"};

std::optional<AlertKinds> read_kinds(std::string_view field, const json::Value& value, Faults& faults) {
  const auto names = faults.names(field, value, 2);
  if (!names) return std::nullopt;
  AlertKinds on;
  for (size_t i = 0; i < names->size(); ++i) {
    const auto kind = parse_alert_kind((*names)[i]);
    if (!kind) {
      faults.add(Code::invalid_argument, fmt::format("{}.{}", field, i), "must be one of failure, silence");
      return std::nullopt;
    }
    (*kind == AlertKind::failure ? on.failure : on.silence) = true;
  }
  return on;
}

std::optional<std::string> read_url(std::string_view field, const json::Value& value, Faults& faults) {
  auto url = faults.name(field, value, Presence::optional, kMaxUrlBytes);
  const bool web = url && (url->empty() || url->starts_with("http://") || url->starts_with("https://"));
  if (url && !web) {
    faults.add(Code::invalid_argument, field, fmt::format("{} must be an http or https address", field));
    return std::nullopt;
  }
  return url;
}

}  // namespace

std::optional<AlertPolicy> read_alert_policy(std::string_view field, const json::Value& value, Faults& faults) {
  if (!faults.expect(field, value, json::Kind::object)) return std::nullopt;
  json::Document document;
  if (auto read = document.read(value.text); !read) {
    faults.add(Code::invalid_argument, field, fmt::format("{}: {}", field, read.error().detail));
    return std::nullopt;
  }
  AlertPolicy policy;
  for (const auto& [key, entry] : document.members()) {
    const auto path = fmt::format("{}.{}", field, truncate_utf8(key, 80));
    const auto seconds = [&](int64_t least, int64_t most) -> std::optional<std::chrono::seconds> {
      const auto count = faults.integer(path, entry, least, most);
      return count ? std::optional(std::chrono::seconds(*count)) : std::nullopt;
    };
    if (std::ranges::find(kNames, key) == std::end(kNames)) {
      faults.add(Code::unknown_field, path,
                 fmt::format("{} knows url, on, after_failures, grace_seconds and reminder_seconds", field));
    } else if (entry.kind == json::Kind::null) {
      continue;
    } else if (key == "url") {
      policy.url = read_url(path, entry, faults);
    } else if (key == "on") {
      policy.on = read_kinds(path, entry, faults);
    } else if (key == "after_failures") {
      if (const auto count = faults.integer(path, entry, 1, 1'000))
        policy.after_failures = static_cast<uint32_t>(*count);
    } else if (key == "grace_seconds") {
      policy.grace = seconds(1, 30 * kDay);
    } else {
      policy.reminder = seconds(0, 365 * kDay);
    }
  }
  return policy;
}

void append_alert_policy(json::Writer& out, const AlertPolicy& policy) {
  if (policy == AlertPolicy{}) {
    out.null();
    return;
  }
  out.open('{');
  if (policy.url) out.field("url", *policy.url);
  if (policy.on) {
    out.key("on").open('[');
    if (policy.on->failure) out.text("failure");
    if (policy.on->silence) out.text("silence");
    out.close(']');
  }
  if (policy.after_failures) out.key("after_failures").number(*policy.after_failures);
  if (policy.grace) out.key("grace_seconds").number(policy.grace->count());
  if (policy.reminder) out.key("reminder_seconds").number(policy.reminder->count());
  out.close('}');
}

}  // namespace schedules::api
