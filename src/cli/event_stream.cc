#include "cli/event_stream.h"

#include <charconv>

namespace schedules::cli {

bool EventStream::feed(std::string_view text) {
  waiting_ += text;
  size_t begin = 0;
  bool going = true;
  while (going) {
    const auto end = waiting_.find_first_of("\r\n", begin);
    // A '\r' at the very end may be the first half of "\r\n".
    if (end == std::string::npos || (waiting_[end] == '\r' && end + 1 == waiting_.size())) break;
    going = line(std::string_view(waiting_).substr(begin, end - begin));
    begin = end + (waiting_[end] == '\r' && waiting_[end + 1] == '\n' ? 2 : 1);
  }
  waiting_.erase(0, begin);
  return going;
}

void EventStream::restart() {
  waiting_.clear();
  id_ = last_id_;
  name_.clear();
  data_.clear();
  has_data_ = false;
}

bool EventStream::line(std::string_view text) {
  if (text.empty()) return dispatch();
  const auto colon = text.find(':');
  if (colon == 0) return true;  // a comment keeps the connection alive
  const auto field = text.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    name_ = value;
  } else if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "id") {
    if (!value.contains('\0')) id_ = value;
  } else if (field == "retry") {
    int retry = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), retry);
    if (error == std::errc{} && end == value.data() + value.size() && retry >= 0) retry_ms_ = retry;
  }
  return true;
}

bool EventStream::dispatch() {
  bool going = true;
  last_id_ = id_;
  if (has_data_) going = take_({name_.empty() ? "message" : name_, data_, last_id_});
  name_.clear();
  data_.clear();
  has_data_ = false;
  return going;
}

}  // namespace schedules::cli
