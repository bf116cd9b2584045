#include "store/clickhouse/far_round.h"

#include <algorithm>

#include "base/log.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::Query;

constexpr int kMostInserts = 3;
constexpr std::chrono::seconds kRoundTimeout{15};  // many partitions, each synced, take their time
constexpr size_t kRowBytes = 700;                  // about

class Round : public std::enable_shared_from_this<Round> {
 public:
  Round(ClickHouseGate& gate, std::vector<FarRequestPtr> requests, FarRoundOptions options,
        std::move_only_function<void()> done)
      : gate_(gate), requests_(std::move(requests)), options_(options), done_(std::move(done)) {}

  void start() {
    std::vector<EventId> ids;
    for (const auto& request : requests_) request->ids(ids);
    if (ids.empty()) return found(FarSlots{});
    look_up_far(gate_, ids, [self = shared_from_this()](Result<FarSlots> slots) {
      if (!slots) return self->finish(fail(std::move(slots.error())));
      self->found(std::move(*slots));
    });
  }

 private:
  void found(FarSlots slots) {
    group_.emplace(std::move(slots), options_.now, options_.node, options_.dedupe_window);
    for (auto& request : requests_) request->apply(*group_);
    const auto pointers = group_->pointers();
    if (pointers.empty()) return write_rows();
    Query query{.sql = fmt::format("INSERT INTO event_schedule_ids ({}) FORMAT RowBinary", kIdColumns)};
    for (const FarRow* row : pointers) append_id(query.body, *row, options_.batch);
    prepare_insert(query, "ids", 0);
    gate_.query(std::move(query), [self = shared_from_this()](Result<Answer> answer) {
      if (!answer) return self->finish(fail(std::move(answer.error())));
      self->write_rows();
    });
  }

  void prepare_insert(Query& query, std::string_view part, int attempt) const {
    // The same token again makes a repeat count once; the last try takes a fresh one, in case the server remembers a
    // token whose rows it lost.
    const std::string_view fresh = attempt + 1 == kMostInserts ? "-again" : "";
    query.timeout = kRoundTimeout;
    query.settings = {{"insert_deduplication_token", fmt::format("{}-{:x}{}", part, options_.batch, fresh)},
                      {"async_insert", "0"},
                      {"optimize_on_insert", "0"},  // a group writes no key twice
                      {"max_partitions_per_insert_block", "0"}};
  }

  Query insert_of(const std::vector<const FarRow*>& rows, std::string_view part, int attempt) const {
    Query query{.sql = fmt::format("INSERT INTO event_schedules ({}) FORMAT RowBinary", row_columns())};
    query.body.reserve(rows.size() * kRowBytes);
    for (const FarRow* row : rows) append_row(query.body, *row, options_.batch);
    prepare_insert(query, part, attempt);
    return query;
  }

  void write_rows() {
    const auto rows = group_->rows();
    if (rows.empty()) return finish({});
    gate_.query(insert_of(rows, "rows", inserts_++), [self = shared_from_this()](Result<Answer> answer) {
      // Without an answer the rows may be there or not: what is read decides.
      if (!answer && answer.error().code != Code::unavailable) return self->finish(fail(std::move(answer.error())));
      self->read_back(answer ? Status() : Status(fail(std::move(answer.error()))));
    });
  }

  void read_back(Status inserted) {
    Query query{.sql =
                    "SELECT (SELECT count() FROM event_schedule_ids WHERE batch = {batch:UInt64}),"
                    " (SELECT count() FROM event_schedules WHERE batch = {batch:UInt64})"};
    query.parameters.unsigned_number("batch", options_.batch);
    gate_.query(std::move(query), [self = shared_from_this(), inserted = std::move(inserted)](Result<Answer> answer) {
      if (!answer) return self->finish(fail(inserted ? std::move(answer.error()) : inserted.error()));
      clickhouse::RowReader reader(answer->body);
      // Nullable: a scalar subquery of no rows would be NULL.
      const auto pointers = reader.nullable([&] { return reader.number<uint64_t>(); }).value_or(0);
      const auto rows = reader.nullable([&] { return reader.number<uint64_t>(); }).value_or(0);
      if (!reader.ok()) return self->finish(fail(Code::corrupt, "ClickHouse's count of rows cannot be read"));
      self->counted(pointers, rows, inserted);
    });
  }

  void counted(uint64_t pointers, uint64_t rows, const Status& inserted) {
    if (pointers >= group_->pointers().size() && rows >= group_->rows().size()) return look_again();
    if (inserts_ < kMostInserts) return write_rows();
    // Another node's newer states may have taken the place of ours already.
    std::vector<EventId> ids;
    for (const FarRow* row : group_->rows()) ids.push_back(row->event.id);
    look_up_far(gate_, ids, [self = shared_from_this(), inserted](Result<FarSlots> slots) {
      if (!slots) return self->finish(fail(std::move(slots.error())));
      const bool whole = std::ranges::all_of(self->group_->rows(), [&](const FarRow* row) {
        const auto slot = slots->find(row->event.id);
        const FarRow* there = slot == slots->end() ? nullptr : slot->second.at_key(*row);
        return there != nullptr && there->version >= row->version;
      });
      if (whole) return self->look_again();
      if (!inserted) return self->finish(inserted);
      log::error("clickhouse.insert_lost", {{"rows", std::to_string(self->group_->rows().size())}});
      self->finish(fail(Code::unavailable, "ClickHouse acknowledged an insert of events which it does not have"));
    });
  }

  void look_again() {
    auto ids = group_->contested();
    if (ids.empty()) return close_old_rows();
    look_up_far(gate_, ids, [self = shared_from_this()](Result<FarSlots> slots) {
      if (!slots) return self->finish(fail(std::move(slots.error())));
      self->group_->compare(*slots);
      self->close_old_rows();
    });
  }

  // Readers pass over an old row without this; it spares them the trouble.
  void close_old_rows() {
    const auto rows = group_->closings();
    if (rows.empty()) return finish({});
    gate_.query(insert_of(rows, "closings", 0), [self = shared_from_this()](const Result<Answer>& answer) {
      if (!answer) log::warn("clickhouse.not_closed", {{"error", answer.error().detail}});
      self->finish({});
    });
  }

  void finish(const Status& written) {
    const FarGroup* group = group_ ? &*group_ : nullptr;
    for (auto& request : requests_) request->answer(group, written);
    done_();
  }

  ClickHouseGate& gate_;
  std::vector<FarRequestPtr> requests_;
  const FarRoundOptions options_;
  std::move_only_function<void()> done_;
  std::optional<FarGroup> group_;
  int inserts_ = 0;
};

}  // namespace

void run_far_round(ClickHouseGate& gate, std::vector<FarRequestPtr> requests, FarRoundOptions options,
                   std::move_only_function<void()> done) {
  std::make_shared<Round>(gate, std::move(requests), options, std::move(done))->start();
}

}  // namespace schedules
