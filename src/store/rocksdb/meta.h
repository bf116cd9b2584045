// Family default: figures about the rest. Key = a word ‖ its own part; all values are varints (base/codec.h) but the
// two fixed ones.
//
//   "run."         ‖ run prefix (4)                 pending, moved, place before which the run is empty
//   "remembered."  ‖ tier u8 ‖ bucket end u64       how many finished events are forgotten by then
//   "sequence"                                      u64: no event has this sequence or a later one
//   "tail"                                          u64 oldest kept ‖ u64 newest
#pragma once

#include <functional>
#include <string_view>

#include "store/rocksdb/database.h"

namespace schedules::rocks {

inline constexpr std::string_view kMetaRun = "run.";
inline constexpr std::string_view kMetaRemembered = "remembered.";
inline constexpr std::string_view kMetaSequence = "sequence";
inline constexpr std::string_view kMetaTail = "tail";

void put_meta(rocksdb::WriteBatch& batch, std::string_view word, std::string_view part, std::string_view value);
void drop_meta(rocksdb::WriteBatch& batch, std::string_view word, std::string_view part);
/// Calls each(part of the key after the word, value); false from it means damaged. Errors: corrupt, io_error.
Status each_meta(const Database::Reading& reading, std::string_view word,
                 const std::function<bool(std::string_view, std::string_view)>& each);

}  // namespace schedules::rocks
