// The board of breakers in memory. Not thread-safe: what is told is heard at once, inline.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cluster/breaker_board.h"

namespace schedules::testing {

class MemoryBreakers {
 public:
  explicit MemoryBreakers(const Clock& clock) : clock_(clock) {}

  /// The place of one node. The board must outlive it.
  std::unique_ptr<BreakerBoard> node(const std::string& id) { return std::make_unique<Place>(*this, id); }

 private:
  class Place final : public BreakerBoard {
   public:
    Place(MemoryBreakers& board, std::string id) : board_(board), id_(std::move(id)) {}
    Place(const Place&) = delete;
    ~Place() override { board_.heard_.erase(id_); }
    void start(Heard heard) override {
      const SteadyPoint now = board_.clock_.steady();
      for (const auto& [lane, open] : board_.open_) {
        if (open.second != id_) heard({.lane = lane, .open_for = std::max(open.first - now, Duration{0})});
      }
      board_.heard_[id_] = std::move(heard);
    }
    void tell(BreakerNews news) override {
      if (news.open_for) {
        board_.open_[news.lane] = {board_.clock_.steady() + *news.open_for, id_};
      } else {
        board_.open_.erase(news.lane);
      }
      for (const auto& [id, heard] : board_.heard_) {
        if (id != id_) heard(news);
      }
    }

   private:
    MemoryBreakers& board_;
    const std::string id_;
  };

  const Clock& clock_;
  std::map<std::string, std::pair<SteadyPoint, std::string>> open_;  ///< until when, and who says so
  std::map<std::string, BreakerBoard::Heard> heard_;
};

}  // namespace schedules::testing
