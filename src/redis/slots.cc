#include <array>

#include "redis/client.h"

namespace schedules::redis {
namespace {

constexpr uint16_t kSlotCount = 16'384;

// CRC-16/XMODEM, as the Cluster's specification names it: polynomial 0x1021, nothing reflected, initial value 0.
constexpr std::array<uint16_t, 256> make_table() {
  std::array<uint16_t, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) != 0 ? (crc << 1U) ^ 0x1021U : crc << 1U;
    table[byte] = static_cast<uint16_t>(crc & 0xFFFFU);
  }
  return table;
}

constexpr auto kTable = make_table();

}  // namespace

uint16_t slot_of(std::string_view key) {
  const auto open = key.find('{');
  if (open != std::string_view::npos) {
    const auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  unsigned crc = 0;
  for (const char c : key) {
    const auto index = ((crc >> 8U) ^ static_cast<unsigned char>(c)) & 0xFFU;
    crc = ((crc << 8U) ^ kTable[index]) & 0xFFFFU;
  }
  return static_cast<uint16_t>(crc % kSlotCount);
}

}  // namespace schedules::redis
