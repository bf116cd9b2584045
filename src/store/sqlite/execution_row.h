// An execution as a row. Ids that are hexadecimal or a UUID take 12 or 16 bytes, others stay text.
#pragma once

#include <string_view>

#include "base/ids.h"
#include "model/schedule.h"
#include "store/sqlite/database.h"

namespace schedules::sqlite {

/// An id in its shortest stored form. Refers to the text it was made of.
class ShortId {
 public:
  explicit ShortId(std::string_view text);
  /// Lives as long as this and the text.
  [[nodiscard]] Value value() const {
    if (size_ == 0) return text_;
    return Blob{bytes_.view().substr(0, size_)};
  }

 private:
  std::string_view text_;
  EventId bytes_;
  size_t size_ = 0;  ///< 0: stays text
};

/// What read_execution expects to be selected, of a table called e.
inline constexpr std::string_view kExecutionColumns =
    "e.id, e.executed_at, e.lateness, e.duration, e.status, e.state, e.attempt, e.event_id, "
    "e.schedule_id, "
    "e.schedule_name, e.topic, e.entity_type, e.entity_id, e.action, e.correlation_id, e.reason, "
    "e.error, e.sink, "
    "e.position, e.node_id, e.waited_far";
/// An id of any stored form as text.
std::string read_id(const Query& row, int column);
/// Errors: corrupt.
Result<Execution> read_execution(const Query& row);

/// The order of pages: as SQLite's ORDER BY executed_at DESC, id DESC on the stored forms.
bool comes_before(const Execution& a, const Execution& b);

}  // namespace schedules::sqlite
