#include "store/clickhouse/migrations.h"

#include <algorithm>
#include <mutex>

#include "base/log.h"
#include "clickhouse/row_binary.h"

namespace schedules {
namespace {

using clickhouse::Answer;
using clickhouse::Client;
using clickhouse::Query;

constexpr std::chrono::seconds kStatementTimeout{60};
constexpr std::chrono::seconds kFillTimeout{1800};  // of a table from another
constexpr std::chrono::seconds kLookTimeout{2};

constexpr std::string_view kLayoutTable =
    "CREATE TABLE IF NOT EXISTS schedules_layout (component LowCardinality(String), version UInt32,"
    " applied_at DateTime64(6, 'UTC') DEFAULT now64(6)) ENGINE = MergeTree ORDER BY (component, version)"
    " SETTINGS fsync_after_insert = 1";

Query statement(std::string sql) {
  const auto timeout = sql.starts_with("INSERT") ? kFillTimeout : kStatementTimeout;
  return Query{.sql = std::move(sql), .timeout = timeout};
}

void find_version(Client& client, const std::string& component, Done<uint32_t> done) {
  Query query{.sql = "SELECT max(version) FROM schedules_layout WHERE component = {component:String}",
              .timeout = kLookTimeout};
  query.parameters.text("component", component);
  client.query(std::move(query), [done = std::move(done)](Result<Answer> answer) mutable {
    if (!answer) {
      const int exception = clickhouse::exception_code(answer.error());
      if (exception == clickhouse::kUnknownTable || exception == clickhouse::kUnknownDatabase) return done(0);
      return done(fail(std::move(answer.error())));
    }
    clickhouse::RowReader reader(answer->body);
    const auto version = reader.number<uint32_t>();
    if (!reader.ok()) return done(fail(Code::corrupt, "ClickHouse's table schedules_layout cannot be read"));
    done(version);
  });
}

/// One migration under way.
class Migration : public std::enable_shared_from_this<Migration> {
 public:
  Migration(Client& client, const ClickHouseLayout& layout, bool repair, Done<void> done)
      : client_(client), layout_(layout), repair_(repair), done_(std::move(done)) {}

  void start() {
    if (layout_.current() == 0) return done_({});
    find_version(client_, layout_.component, [self = shared_from_this()](Result<uint32_t> found) {
      if (!found) return self->done_(fail(std::move(found.error())));
      self->found(*found);
    });
  }

 private:
  void found(uint32_t version) {
    if (version > layout_.current()) {
      return done_(fail(Code::newer_layout,
                        "ClickHouse's {} have layout {}, this version knows {}: use the version that wrote it",
                        layout_.component, version, layout_.current()));
    }
    if (repair_) version = 0;
    if (version == layout_.current()) return done_({});
    log::info("clickhouse.migrate", {{"component", layout_.component},
                                     {"from", std::to_string(version)},
                                     {"to", std::to_string(layout_.current())}});
    if (version == 0) {
      auto create = statement("CREATE DATABASE IF NOT EXISTS `" + client_.url().database + "`");
      create.in_database = false;
      // Whoever may not create databases may still use one that is there.
      todo_.push_back({std::move(create), true});
      todo_.push_back({statement(std::string(kLayoutTable)), false});
    }
    for (uint32_t step = version; step < layout_.current(); ++step) {
      for (const auto& sql : layout_.steps[step]) todo_.push_back({statement(sql), false});
      auto note = statement("INSERT INTO schedules_layout (component, version) FORMAT RowBinary");
      clickhouse::RowWriter row(note.body);
      row.text(layout_.component);
      row.number<uint32_t>(step + 1);
      note.settings.emplace_back("async_insert", "0");
      todo_.push_back({std::move(note), false});
    }
    next();
  }

  void next() {
    if (at_ == todo_.size()) return done_({});
    const bool may_fail = todo_[at_].may_fail;
    client_.query(std::move(todo_[at_++].query), [self = shared_from_this(), may_fail](Result<Answer> answer) {
      if (!answer && !(may_fail && clickhouse::exception_code(answer.error()) != 0)) {
        return self->done_(fail(std::move(answer.error())));
      }
      self->next();
    });
  }

  struct Step {
    Query query;
    bool may_fail = false;
  };

  Client& client_;
  const ClickHouseLayout& layout_;
  const bool repair_;  ///< a table is gone although its layout is noted: all steps again
  Done<void> done_;
  std::vector<Step> todo_;
  size_t at_ = 0;
};

}  // namespace

void migrate_clickhouse(Client& client, const ClickHouseLayout& layout, Done<void> done) {
  std::make_shared<Migration>(client, layout, false, std::move(done))->start();
}

void inspect_clickhouse(Client& client, const ClickHouseLayout& layout, Done<ClickHouseLayoutStatus> done) {
  find_version(client, layout.component, [&layout, done = std::move(done)](Result<uint32_t> found) mutable {
    if (!found) return done(fail(std::move(found.error())));
    ClickHouseLayoutStatus status{.exists = *found > 0, .found = *found, .current = layout.current(), .statements = {}};
    for (uint32_t step = *found; step < layout.current(); ++step) {
      const auto& statements = layout.steps[step];
      status.statements.insert(status.statements.end(), statements.begin(), statements.end());
    }
    done(std::move(status));
  });
}

struct ClickHouseGate::Shared : std::enable_shared_from_this<Shared> {
  using Call = std::move_only_function<void(const Status&)>;

  clickhouse::Client& client;
  const ClickHouseLayout& layout;
  std::mutex mutex;
  bool open = false;          ///< guarded by mutex
  bool migrating = false;     ///< guarded by mutex
  bool repair = false;        ///< guarded by mutex
  std::vector<Call> waiting;  ///< guarded by mutex

  Shared(clickhouse::Client& given, const ClickHouseLayout& wanted) : client(given), layout(wanted) {}

  void pass(Call call) {
    bool from_start = false;
    {
      const std::scoped_lock lock(mutex);
      if (!open) {
        waiting.push_back(std::move(call));
        if (std::exchange(migrating, true)) return;
        from_start = std::exchange(repair, false);
      }
    }
    if (call) return call({});
    const auto answered = [self = shared_from_this()](const Status& migrated) {
      std::vector<Call> calls;
      {
        const std::scoped_lock lock(self->mutex);
        self->open = migrated.has_value();
        self->migrating = false;
        calls.swap(self->waiting);
      }
      for (auto& one : calls) one(migrated);
    };
    std::make_shared<Migration>(client, layout, from_start, answered)->start();
  }

  void close() {
    const std::scoped_lock lock(mutex);
    open = false;
    repair = true;
  }
};

ClickHouseGate::ClickHouseGate(clickhouse::Client& client, const ClickHouseLayout& layout)
    : shared_(std::make_shared<Shared>(client, layout)) {}
ClickHouseGate::~ClickHouseGate() = default;

void ClickHouseGate::pass(std::move_only_function<void(const Status&)> call) { shared_->pass(std::move(call)); }

void ClickHouseGate::query(Query query, Done<Answer> done) {
  shared_->pass([shared = shared_, query = std::move(query), done = std::move(done)](const Status& free) mutable {
    if (!free) return done(fail(free.error()));
    shared->client.query(std::move(query), [shared, done = std::move(done)](Result<Answer> answer) mutable {
      const int exception = answer ? 0 : clickhouse::exception_code(answer.error());
      if (exception == clickhouse::kUnknownTable || exception == clickhouse::kUnknownDatabase) {
        shared->close();
        answer.error().code = Code::unavailable;  // the next call makes them again
      }
      done(std::move(answer));
    });
  });
}

}  // namespace schedules
