// Collects everything that is wrong with one input, so that a caller hears of all of it at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/text.h"
#include "model/event.h"

namespace schedules {

class Faults {
 public:
  template <class... Args>
  void add(Code code, std::string field, fmt::format_string<Args...> text, Args&&... args) {
    faults_.push_back(
        Error{.code = code, .detail = fmt::format(text, std::forward<Args>(args)...), .field = std::move(field)});
  }

  void name(std::string field, std::string_view value, bool required) {
    if (value.empty()) {
      if (required) add(Code::missing_field, std::move(field), "is required");
      return;
    }
    text(std::move(field), value, kMaxNameChars);
  }

  void text(std::string field, std::string_view value, size_t limit) {
    if (value.size() > limit) {
      add(Code::too_long, std::move(field), "has {} bytes, at most {} are allowed", value.size(), limit);
    } else if (!is_valid_utf8(value)) {
      add(Code::invalid_utf8, std::move(field), "is not valid UTF-8");
    } else if (!is_printable(value)) {
      add(Code::invalid_argument, std::move(field), "has control characters");
    }
  }

  void headers(const std::string& field, const Headers& headers) {
    if (headers.size() > kMaxHeaders) {
      add(Code::out_of_range, field, "has {} entries, at most {} are allowed", headers.size(), kMaxHeaders);
    }
    for (const auto& [header, value] : headers) {
      const auto path = field + "." + truncate_utf8(header, 64);
      name(path, header, true);
      text(path, value, kMaxHeaderBytes);
    }
  }

  void tags(const std::string& field, const std::vector<std::string>& tags) {
    if (tags.size() > kMaxTags) {
      add(Code::out_of_range, field, "has {} entries, at most {} are allowed", tags.size(), kMaxTags);
    }
    for (size_t i = 0; i < tags.size(); ++i) name(fmt::format("{}[{}]", field, i), tags[i], true);
  }

  Status result() {
    if (faults_.empty()) return {};
    Error first = std::move(faults_.front());
    first.more.assign(std::make_move_iterator(faults_.begin() + 1), std::make_move_iterator(faults_.end()));
    return fail(std::move(first));
  }

 private:
  std::vector<Error> faults_;
};

}  // namespace schedules
