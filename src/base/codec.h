// Packed records: little-endian varints and length-prefixed bytes. A reader never runs past its end:
// it turns bad and gives zeros, and the caller asks ok() once at the end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace schedules {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}
  void u8(uint8_t value) { out_.push_back(static_cast<char>(value)); }
  void varint(uint64_t value) {
    while (value >= 0x80U) {
      u8(static_cast<uint8_t>(value | 0x80U));
      value >>= 7U;
    }
    u8(static_cast<uint8_t>(value));
  }
  /// Small magnitudes of either sign stay small.
  void svarint(int64_t value) { varint((static_cast<uint64_t>(value) << 1U) ^ static_cast<uint64_t>(value >> 63)); }
  void text(std::string_view value) {
    varint(value.size());
    out_.append(value);
  }
  void raw(std::string_view value) { out_.append(value); }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}
  uint8_t u8() {
    if (in_.empty()) {
      ok_ = false;
      return 0;
    }
    const auto value = static_cast<uint8_t>(in_.front());
    in_.remove_prefix(1);
    return value;
  }
  uint64_t varint() {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const uint8_t byte = u8();
      value |= static_cast<uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80U) return value;
    }
    ok_ = false;
    return 0;
  }
  int64_t svarint() {
    const uint64_t value = varint();
    return static_cast<int64_t>((value >> 1U) ^ (~(value & 1U) + 1U));
  }
  std::string_view text() { return raw(varint()); }
  std::string_view raw(uint64_t size) {
    if (size > in_.size()) {
      ok_ = false;
      in_ = {};
      return {};
    }
    const auto value = in_.substr(0, size);
    in_.remove_prefix(size);
    return value;
  }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return in_.empty(); }

 private:
  std::string_view in_;
  bool ok_ = true;
};

/// Big-endian, so that byte order is number order in an ordered store.
inline void append_be64(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((value >> static_cast<unsigned>(shift)) & 0xFFU));
  }
}
inline uint64_t read_be64(std::string_view in) {
  uint64_t value = 0;
  for (size_t i = 0; i < 8; ++i) value = (value << 8U) | static_cast<uint8_t>(in[i]);
  return value;
}

}  // namespace schedules
