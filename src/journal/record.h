// What a record of the journal says: key = the event's id as text, value = the packed event (model/record.h), no value = it
// waits no more. The header kHeader tells how that came. Pure.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "model/record.h"

namespace schedules::journal {

inline constexpr const char* kHeader = "w";

/// accepted: `at` is when. fired: published at `at`, in the transaction that holds the record. redriven: it had ended before.
enum class Word : char { accepted = 'a', fired = 'f', redriven = 'r', ended = 'e' };

struct Said {
  Word word = Word::ended;
  TimePoint at;
};

inline std::string text_of(const Said& said) {
  return std::string(1, static_cast<char>(said.word)) + std::to_string(to_micros(said.at));
}

inline Said said_by(const std::optional<std::string>& text) {
  Said said;
  if (!text || text->empty()) return said;
  const char letter = text->front();
  if (letter == 'a' || letter == 'f' || letter == 'r') said.word = static_cast<Word>(letter);
  int64_t micros = 0;
  std::from_chars(text->data() + 1, text->data() + text->size(), micros);
  said.at = from_micros(micros);
  return said;
}

inline std::string value_of(const Event& event) {
  std::string out;
  pack(event, State::pending, Tier::near, Outcome{}, out);
  return out;
}

inline Result<Event> event_of(std::string_view value) {
  auto stored = unpack(value);
  if (!stored) return fail(std::move(stored.error()));
  return std::move(stored->event);
}

}  // namespace schedules::journal
