#include "api/audit/note.h"

#include <array>

#include <boost/json.hpp>

#include "api/events/event_output.h"
#include "api/schedules/schedule_output.h"
#include "base/text.h"

namespace schedules::api {
namespace {

namespace bj = boost::json;

constexpr size_t kMostShown = 4 * 1024;  ///< bytes of one value

constexpr std::array<std::string_view, 13> kSecretWords{
    "password", "passwd",     "secret",    "token",       "authorization", "api_key", "apikey",
    "api-key",  "credential", "signature", "private_key", "cookie",        "bearer"};

// State and bookkeeping: nobody sets them.
constexpr std::array<std::string_view, 12> kNotSet{"id",         "next_execution", "last_execution",  "last_status",
                                                   "last_error", "created_at",     "execution_count", "error_count",
                                                   "updated_at", "created_by",     "revision",        "enabled"};

bool is_secret_name(std::string_view name) {
  const auto lower = to_lower(name);
  return std::ranges::any_of(kSecretWords, [&](std::string_view word) { return lower.find(word) != lower.npos; });
}

// The path of a chat tool's hook is its key.
std::string origin_only(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == url.npos) return std::string(kMasked);
  const size_t path = url.find_first_of("/?#", scheme + 3);
  if (path == url.npos || path + 1 == url.size()) return std::string(url);
  return std::string(url.substr(0, path)) + "/…";
}

void mask(bj::value& value, std::string_view name, bool all) {
  if (value.is_object()) {
    for (auto& [key, inner] : value.get_object()) mask(inner, key, all || name == "event_headers" || name == "headers");
  } else if (value.is_array()) {
    for (auto& inner : value.get_array()) mask(inner, name, all);
  } else if (value.is_null()) {
    return;
  } else if (all || is_secret_name(name)) {
    value = kMasked;
  } else if (value.is_string() && (name == "url" || name.ends_with("_url"))) {
    value = origin_only(value.get_string());
  }
}

bj::value shown_value(std::string_view field, bj::value value) {
  mask(value, field, false);
  const auto text = bj::serialize(value);
  if (text.size() > kMostShown) return bj::string(fmt::format("({} bytes)", text.size()));
  return value;
}

bj::object parsed(std::string_view text) {
  boost::system::error_code bad;
  auto value = bj::parse(bj::string_view(text.data(), text.size()), bad);
  return !bad && value.is_object() ? std::move(value.get_object()) : bj::object();
}

bj::value value_in(const bj::object& object, std::string_view key) {
  const auto* found = object.if_contains(key);
  return found == nullptr ? bj::value() : *found;
}

bj::object differing(const bj::object& before, const bj::object& after) {
  bj::object out;
  const auto look_at = [&](std::string_view key) {
    if (out.contains(key)) return;
    auto old_value = value_in(before, key);
    auto new_value = value_in(after, key);
    if (old_value == new_value) return;
    out[key] = {{"before", shown_value(key, std::move(old_value))}, {"after", shown_value(key, std::move(new_value))}};
  };
  for (const auto& [key, value] : before) look_at(key);
  for (const auto& [key, value] : after) look_at(key);
  return out;
}

bj::object set_fields(const Schedule& schedule) {
  std::string text;
  append_schedule(text, schedule);
  auto fields = parsed(text);
  for (const auto name : kNotSet) fields.erase(name);
  return fields;
}

}  // namespace

Actor actor_of(const Identity& identity) {
  return {.name = identity.subject.empty() ? "local" : identity.subject, .role = std::string(to_string(identity.role))};
}

std::string shown_in_audit(std::string_view field, std::string_view json) {
  boost::system::error_code bad;
  auto value = bj::parse(bj::string_view(json.data(), json.size()), bad);
  if (bad) return "null";
  return bj::serialize(shown_value(field, std::move(value)));
}

std::string changes_between(std::string_view before, std::string_view after) {
  return bj::serialize(differing(parsed(before), parsed(after)));
}

std::string as_changes(std::string_view object) { return changes_between("", object); }

AuditNote schedule_note(const Actor& actor, std::string_view action, const Schedule* before, const Schedule* after,
                        TimePoint now) {
  const Schedule blank;  // what it does not differ from was not set
  const Schedule& named = after != nullptr ? *after : *before;
  auto changes =
      differing(set_fields(before != nullptr ? *before : blank), set_fields(after != nullptr ? *after : blank));
  if (before != nullptr && after != nullptr && changes.empty()) return nullptr;
  for (auto& [field, change] : changes) {
    if (before == nullptr) change.get_object()["before"] = nullptr;
    if (after == nullptr) change.get_object()["after"] = nullptr;
  }
  return std::make_shared<const AuditEntry>(sealed({.id = {},
                                                    .at = now,
                                                    .actor = actor,
                                                    .kind = "schedule",
                                                    .object_id = named.id,
                                                    .object_name = named.name,
                                                    .action = std::string(action),
                                                    .changes = bj::serialize(changes)}));
}

std::string event_changes(const Event& before, const Event& after) {
  const auto fields = [](const Event& event) {
    std::string text;
    append_event(text, StoredEvent{.event = event}, {});
    auto object = parsed(text);
    for (const std::string_view name : {"revision", "why", "fire_at", "state", "tier", "store"}) object.erase(name);
    return object;
  };
  return bj::serialize(differing(fields(before), fields(after)));
}

}  // namespace schedules::api
