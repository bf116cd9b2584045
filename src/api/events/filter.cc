#include "api/events/filter.h"

#include "api/json/writer.h"
#include "api/public_key.h"
#include "base/text.h"

namespace schedules::api {
namespace {

struct TextPart {
  std::string_view name;
  std::optional<std::string> EventFilter::* place;
};
constexpr TextPart kTexts[] = {{"topic", &EventFilter::topic},
                               {"action", &EventFilter::action},
                               {"entity_type", &EventFilter::entity_type},
                               {"entity_id", &EventFilter::entity_id},
                               {"correlation_id", &EventFilter::correlation_id},
                               {"schedule_id", &EventFilter::schedule_id},
                               {"source", &EventFilter::source},
                               {"tag", &EventFilter::tag}};

struct LetterText {
  std::string_view name;
  std::optional<std::string> DeadLetterFilter::* place;
};
constexpr LetterText kLetterTexts[] = {{"topic", &DeadLetterFilter::topic},
                                       {"reason", &DeadLetterFilter::reason},
                                       {"schedule_id", &DeadLetterFilter::schedule_id}};

constexpr std::string_view kEventNames[] = {"topic",     "action",         "entity",      "entity_type",
                                            "entity_id", "correlation_id", "schedule_id", "source",
                                            "tag",       "due_from",       "due_to"};
constexpr std::string_view kLetterNames[] = {"topic", "reason", "schedule_id", "died_from", "died_to"};

// "order" or "order.42".
void set_entity(EventFilter& filter, const std::string& text) {
  const size_t dot = text.find('.');
  filter.entity_type = text.substr(0, dot);
  if (dot != std::string::npos) filter.entity_id = text.substr(dot + 1);
}

template <class Part, class Filter>
bool read_text(std::span<const Part> parts, std::string_view path, const json::Member& member, Filter& filter,
               Faults& faults) {
  for (const auto& [name, place] : parts) {
    if (member.key != name) continue;
    filter.*place = faults.name(path, member.value, Presence::required);
    return true;
  }
  return false;
}

void unknown(std::string_view path, std::string_view key, std::span<const std::string_view> names, Faults& faults) {
  const auto near = nearest(key, names);
  faults.add(Code::unknown_field, path,
             near.empty() ? fmt::format("{} is not a filter", path)
                          : fmt::format("{} is not a filter; did you mean {}?", path, near));
}

// Calls `read` with each member that is not null and its path.
template <class Read>
void each_member(std::string_view field, const json::Value& value, Faults& faults, Read read) {
  if (!faults.expect(field, value, json::Kind::object)) return;
  json::Document document;
  if (auto parsed = document.read(value.text); !parsed)
    return faults.add(Code::invalid_argument, field, parsed.error().detail);
  for (const auto& member : document.members())
    if (member.value.kind != json::Kind::null) read(fmt::format("{}.{}", field, truncate_utf8(member.key, 80)), member);
}

}  // namespace

EventFilter read_event_filter(Query& query) {
  EventFilter filter;
  if (const auto entity = query.text("entity")) set_entity(filter, *entity);
  for (const auto& [name, place] : kTexts)
    if (auto value = query.text(name)) filter.*place = std::move(value);
  filter.due_from = query.time("due_from");
  filter.due_to = query.time("due_to");
  return filter;
}

EventFilter read_event_filter(std::string_view field, const json::Value& value, Faults& faults) {
  EventFilter filter;
  each_member(field, value, faults, [&](const std::string& path, const json::Member& member) {
    if (member.key == "entity") {
      if (const auto text = faults.name(path, member.value, Presence::required)) set_entity(filter, *text);
    } else if (member.key == "due_from") {
      filter.due_from = faults.time(path, member.value);
    } else if (member.key == "due_to") {
      filter.due_to = faults.time(path, member.value);
    } else if (!read_text<TextPart>(kTexts, path, member, filter, faults)) {
      unknown(path, member.key, kEventNames, faults);
    }
  });
  return filter;
}

bool is_empty(const EventFilter& filter) {
  return !filter.due_from && !filter.due_to &&
         std::ranges::none_of(kTexts, [&](const TextPart& part) { return (filter.*part.place).has_value(); });
}

DeadLetterFilter read_letter_filter(Query& query) {
  DeadLetterFilter filter;
  for (const auto& [name, place] : kLetterTexts) filter.*place = query.text(name);
  filter.died_from = query.time("died_from");
  filter.died_to = query.time("died_to");
  return filter;
}

DeadLetterFilter read_letter_filter(std::string_view field, const json::Value& value, Faults& faults) {
  DeadLetterFilter filter;
  each_member(field, value, faults, [&](const std::string& path, const json::Member& member) {
    if (member.key == "died_from") {
      filter.died_from = faults.time(path, member.value);
    } else if (member.key == "died_to") {
      filter.died_to = faults.time(path, member.value);
    } else if (!read_text<LetterText>(kLetterTexts, path, member, filter, faults)) {
      unknown(path, member.key, kLetterNames, faults);
    }
  });
  return filter;
}

PageRequest read_page(Query& query) {
  PageRequest page;
  page.limit = static_cast<size_t>(query.integer("limit", 1, 1000).value_or(100));
  if (const auto given = query.text("cursor")) {
    auto cursor = decode_base64url(*given);
    if (cursor) {
      page.cursor = std::move(*cursor);
    } else {
      query.refuse(Code::invalid_argument, "cursor", "is not one that was given out");
    }
  }
  return page;
}

void append_page_end(std::string& out, std::string_view cursor) {
  out += R"(],"next_cursor":)";
  if (cursor.empty()) {
    out += "null}";
  } else {
    append_json_string(out, encode_base64url(cursor));
    out += '}';
  }
}

}  // namespace schedules::api
