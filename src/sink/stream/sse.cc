#include "sink/stream/sse.h"

#include <algorithm>

#include "model/event.h"

namespace schedules {
namespace {

constexpr size_t kMaxPatterns = 64;

/// A field of an event ends at a line break, and a NUL is not text.
void append_line(std::string& out, std::string_view text, char replacement) {
  constexpr std::string_view kEnds{"\r\n\0", 3};
  const auto start = static_cast<std::ptrdiff_t>(out.size());
  out += text;
  // Seldom there, and looked for with the processor's widest steps.
  if (std::ranges::none_of(kEnds, [text](char end) { return text.find(end) != std::string_view::npos; })) return;
  std::replace_if(out.begin() + start, out.end(), [kEnds](char c) { return kEnds.find(c) != kEnds.npos; }, replacement);
}

}  // namespace

Result<TopicFilter> TopicFilter::parse(std::span<const std::string> patterns) {
  if (patterns.size() > kMaxPatterns) {
    return fail_field(Code::out_of_range, "topic", "at most {} topics can be asked for", kMaxPatterns);
  }
  TopicFilter out;
  for (const auto& pattern : patterns) {
    if (pattern.size() > kMaxNameChars) {
      return fail_field(Code::too_long, "topic", "a topic has at most {} characters", kMaxNameChars);
    }
    const size_t star = pattern.find('*');
    if (star == std::string::npos) {
      if (!pattern.empty()) out.exact_.push_back(pattern);
    } else if (star + 1 == pattern.size()) {
      out.starts_.push_back(pattern.substr(0, star));
    } else {
      return fail_field(Code::invalid_argument, "topic", "\"{}\": a '*' can only be the last character", pattern);
    }
  }
  for (auto* list : {&out.exact_, &out.starts_}) {
    std::ranges::sort(*list);
    list->erase(std::unique(list->begin(), list->end()), list->end());
  }
  for (const auto& one : out.exact_) out.key_ += one + '\n';
  for (const auto& one : out.starts_) out.key_ += one + "*\n";
  return out;
}

bool TopicFilter::matches(std::string_view topic) const {
  if (key_.empty()) return true;
  if (std::ranges::binary_search(exact_, topic)) return true;
  return std::ranges::any_of(starts_, [&](const auto& start) { return topic.starts_with(start); });
}

void append_sse(std::string& out, uint64_t sequence, std::string_view topic, std::string_view message) {
  fmt::format_to(std::back_inserter(out), "id: {}\n", sequence);
  if (!topic.empty()) {
    out += "event: ";
    append_line(out, topic, '_');
    out += '\n';
  }
  out += "data: ";
  append_line(out, message, ' ');  // between JSON's tokens; inside strings a line break is escaped
  out += "\n\n";
}

std::string gap_sse(uint64_t asked, uint64_t next) {
  return fmt::format("event: gap\ndata: {{\"asked\":{},\"next\":{}}}\n\n", asked, next);
}

void SseWriter::add(uint64_t sequence, std::string_view topic, std::string_view message) {
  if (open_ == nullptr) open_ = std::make_shared<StreamChunk>();
  append_sse(open_->bytes, sequence, topic, message);
  open_->last = sequence;
  ++open_->messages;
  if (open_->bytes.size() >= chunk_bytes_) cut();
}

std::vector<StreamChunkPtr> SseWriter::take() {
  cut();
  return std::exchange(done_, {});
}

void SseWriter::cut() {
  if (open_ != nullptr) done_.push_back(std::exchange(open_, nullptr));
}

}  // namespace schedules
