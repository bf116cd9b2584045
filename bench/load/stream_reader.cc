#include "load/stream_reader.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace schedules::load {
namespace {

constexpr size_t kBuffer = 512 * 1024;
constexpr std::string_view kData = "data: {";
constexpr std::string_view kTimestamp = R"("timestamp":")";

bool stands_at(std::string_view text, size_t at, std::string_view what) {
  return at >= what.size() && text.size() > at && text.substr(at - what.size(), what.size()) == what;
}

// Messages of one run have their fields at one place: look there first.
bool locate(std::string_view text, std::string_view what, size_t& at) {
  if (stands_at(text, at, what)) return true;
  const size_t found = text.find(what);
  if (found == text.npos) return false;
  at = found + what.size();
  return true;
}

}  // namespace

StreamReader::StreamReader(const Address& address, size_t count) : arrivals_(count), buffer_(kBuffer) {
  open(address);
  thread_ = std::thread([this] { run(); });
}

StreamReader::~StreamReader() { stop(); }

void StreamReader::stop() {
  stopping_ = true;
  if (thread_.joinable()) thread_.join();
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void StreamReader::open(const Address& address) {
  descriptor_ = connect_to(address);
  if (descriptor_ < 0) give_up("cannot connect to " + address.text());
  const std::string request = "GET /api/v1/events/stream HTTP/1.1\r\nHost: " + address.text() + "\r\n\r\n";
  if (::send(descriptor_, request.data(), request.size(), MSG_NOSIGNAL) < 0) give_up("cannot ask for the stream");
  std::string head;
  while (head.find("\r\n\r\n") == head.npos) {
    const ssize_t got = ::recv(descriptor_, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) give_up("the stream was not opened");
    head.append(buffer_.data(), static_cast<size_t>(got));
  }
  if (!head.starts_with("HTTP/1.1 200")) give_up("the stream was refused: " + head);
  const size_t end = head.find("\r\n\r\n") + 4;
  take_chunks(head.data() + end, head.size() - end, wall_us());
  const timeval patience{0, 100'000};  // to look at stopping_
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

void StreamReader::run() {
  while (!stopping_) {
    const ssize_t got = ::recv(descriptor_, buffer_.data(), buffer_.size(), 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got <= 0) return;
    take_chunks(buffer_.data(), static_cast<size_t>(got), wall_us());
  }
}

void StreamReader::take_chunks(const char* data, size_t size, int64_t now_us) {
  while (size > 0) {
    if (chunk_left_ == 0) {
      const auto* end = static_cast<const char*>(std::memchr(data, '\n', size));
      const size_t used = end == nullptr ? size : static_cast<size_t>(end - data) + 1;
      size_line_.append(data, used);
      data += used;
      size -= used;
      if (end == nullptr) return;
      chunk_left_ = std::strtoull(size_line_.c_str(), nullptr, 16) + 2;
      size_line_.clear();
    }
    const size_t taken = std::min(size, chunk_left_);
    text_.append(data, std::min(taken, chunk_left_ - std::min<size_t>(chunk_left_, 2)));
    chunk_left_ -= taken;
    data += taken;
    size -= taken;
  }
  take_lines(now_us);
}

void StreamReader::take_lines(int64_t now_us) {
  const std::string_view text = text_;
  size_t start = 0;
  while (true) {
    const size_t end = text.find('\n', start);
    if (end == text.npos) break;
    const std::string_view line = text.substr(start, end - start);
    if (line.starts_with(kData)) take_message(line, now_us);
    start = end + 1;
  }
  text_.erase(0, start);
}

void StreamReader::take_message(std::string_view line, int64_t now_us) {
  if (!locate(line, kPayloadStart, number_at_) || !locate(line, kTimestamp, time_at_)) return;
  if (line.size() < number_at_ + kNumberDigits + kDueGap.size() + kDueDigits || line.size() < time_at_ + kTimeChars)
    return;
  const uint64_t number = read_digits(line.data() + number_at_, kNumberDigits);
  if (number >= arrivals_.size()) return;
  Arrival& arrival = arrivals_[number];
  if (arrival.arrived_us != 0) {
    ++repeats_;
    return;
  }
  const size_t due_at = number_at_ + kNumberDigits + kDueGap.size();
  arrival.due_us = static_cast<int64_t>(read_digits(line.data() + due_at, kDueDigits));
  arrival.fired_us = read_time(line.data() + time_at_);
  arrival.arrived_us = now_us;
  seen_.fetch_add(1, std::memory_order_relaxed);
}

bool StreamReader::wait_for_all(int64_t until_wall_us) const {
  while (seen() < arrivals_.size() && wall_us() < until_wall_us) sleep_until_wall(wall_us() + 20'000);
  return seen() == arrivals_.size();
}

}  // namespace schedules::load
