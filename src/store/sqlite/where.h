// A WHERE clause out of fixed fragments; what the user gave only ever becomes a parameter.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite/database.h"

namespace schedules::sqlite {

class Where {
 public:
  /// `fragment` holds one ? for each value. Texts must outlive the query; see keep.
  void add(std::string_view fragment, std::initializer_list<Value> values) {
    sql_ += sql_.empty() ? " WHERE " : " AND ";
    sql_ += fragment;
    values_.insert(values_.end(), values);
  }
  template <class Inner>
  void add_if(std::string_view fragment, const std::optional<Inner>& value) {
    if (value) add(fragment, {Value(*value)});
  }
  /// A further parameter behind the clause, for LIMIT and OFFSET.
  void also(Value value) { values_.push_back(value); }
  /// Owns a made-up text for as long as the clause lives.
  const std::string& keep(std::string text) { return kept_.emplace_back(std::move(text)); }

  [[nodiscard]] const std::string& sql() const { return sql_; }
  [[nodiscard]] std::span<const Value> values() const { return values_; }

 private:
  std::string sql_;
  std::vector<Value> values_;
  std::deque<std::string> kept_;
};

}  // namespace schedules::sqlite
