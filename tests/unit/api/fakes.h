// What the API is given in its tests: an engine and stores in memory, and a caller that needs no socket.
#pragma once

#include <map>

#include "api/api.h"
#include "api/json/reader.h"
#include "base/check.h"

namespace schedules::api {

struct FixedClock final : Clock {
  TimePoint now = from_micros(1'767'600'000'000'000);  // 2026-01-05T08:00:00Z
  [[nodiscard]] TimePoint wall() const override { return now; }
  [[nodiscard]] SteadyPoint steady() const override { return SteadyPoint(now.time_since_epoch()); }
};

struct FakeEvents final : Events {
  explicit FakeEvents(Clock& its_clock) : clock(its_clock) {}
  Clock& clock;
  std::unique_ptr<Random> random = seeded_random(7);
  std::map<EventId, StoredEvent> stored;
  std::optional<Error> failure;  ///< what every call answers, if set
  std::chrono::milliseconds waited{};

  Accepted accept_one(Event event) {
    if (event.id == EventId{})
      event.id = event.idempotency_key.empty() ? random_id(*random) : derived_id(event.idempotency_key);
    event.fingerprint = stable_hash(event.topic + event.body);
    event.created_at = clock.wall();
    event.fire_at = event.due_at;
    if (event.max_delay && event.due_at + *event.max_delay < clock.wall())
      return Accepted{.error = Error{.code = Code::expired, .detail = "too old"}};
    const auto found = stored.find(event.id);
    if (found != stored.end()) {
      const bool same = found->second.event.fingerprint == event.fingerprint;
      return Accepted{.result = same ? PutResult::exists : PutResult::conflict, .stored = found->second};
    }
    const bool late = event.due_at < clock.wall();
    StoredEvent entry{.event = event};
    stored[event.id] = entry;
    return Accepted{.result = PutResult::created, .stored = entry, .late = late};
  }

  void accept(std::vector<Event> events, AcceptOptions, Done<std::vector<Accepted>> done) override {
    if (failure) return done(fail(*failure));
    std::vector<Accepted> answers;
    for (auto& event : events) answers.push_back(accept_one(std::move(event)));
    done(std::move(answers));
  }
  void get(EventId id, Done<std::optional<StoredEvent>> done) override {
    if (failure) return done(fail(*failure));
    const auto found = stored.find(id);
    done(found == stored.end() ? std::nullopt : std::optional(found->second));
  }
  void find(FindRequest request, Done<EventPage> done) override {
    EventPage page;
    const size_t from = request.cursor.empty() ? 0 : std::stoul(request.cursor);
    size_t index = 0;
    for (const auto& [id, entry] : stored) {
      if (is_final(entry.state) || !request.filter.matches(entry.event) || index++ < from) continue;
      if (page.events.size() == request.limit) {
        page.next_cursor = std::to_string(from + request.limit);
        break;
      }
      page.events.push_back(entry);
    }
    done(std::move(page));
  }
  ChangeAnswer try_change(EventId id, std::optional<uint64_t> revision,
                          const std::function<void(StoredEvent&)>& change) {
    const auto found = stored.find(id);
    if (found == stored.end()) return {ChangeResult::not_found, std::nullopt};
    StoredEvent& entry = found->second;
    if (is_final(entry.state)) return {ChangeResult::already_finished, entry};
    if (entry.state == State::in_flight) return {ChangeResult::in_flight, entry};
    if (revision && *revision != entry.event.revision) return {ChangeResult::revision_conflict, entry};
    change(entry);
    ++entry.event.revision;
    return {ChangeResult::done, entry};
  }
  void cancel(EventId id, std::optional<uint64_t> revision, std::chrono::milliseconds wait,
              Done<ChangeAnswer> done) override {
    waited = wait;
    done(try_change(id, revision, [](StoredEvent& entry) {
      entry.state = State::cancelled;
      entry.outcome.state = State::cancelled;
    }));
  }
  void change(EventId id, std::optional<uint64_t> revision, Edit edit, Done<ChangeAnswer> done) override {
    std::optional<Error> refused;
    auto answer = try_change(id, revision, [&](StoredEvent& entry) {
      if (auto edited = edit(entry.event); !edited) refused = edited.error();
    });
    if (refused) return done(fail(*refused));
    done(std::move(answer));
  }
  void when_ended(EventId, std::chrono::milliseconds, Done<StoredEvent> done) override {
    done(fail(Code::timeout, ""));
  }
  void totals(Done<Totals> done) override {
    Totals totals;
    totals.near.pending = stored.size();
    done(totals);
  }
  void count_slots(TimeSlots slots, Done<std::vector<SlotCount>> done) override {
    if (failure) return done(fail(*failure));
    std::vector<SlotCount> counts(slots.count);
    for (const auto& [id, entry] : stored)
      if (const auto slot = slots.slot_of(entry.event.fire_at)) ++counts[*slot].count;
    done(std::move(counts));
  }
};

struct FakeSchedules final : Schedules {
  std::map<std::string, Schedule> stored;
  std::vector<std::string> executed;
  ScheduleFilter asked;           ///< by the last find
  std::vector<AuditEntry> noted;  ///< what goes with the changes

  void note(const AuditNote& entry) {
    if (entry) noted.push_back(*entry);
  }

  void create(Schedule schedule, Done<Schedule> done) override {
    for (const auto& [id, other] : stored)
      if (other.name == schedule.name) return done(fail_field(Code::already_exists, "name", "the name is taken"));
    if (schedule.cron_expression == "nonsense")
      return done(fail_field(Code::invalid_cron, "cron_expression", "cannot be read"));
    schedule.id = fmt::format("{:024x}", stored.size() + 1);
    note(schedule.audit);
    done(stored[schedule.id] = schedule);
  }
  void edit(std::string id, std::optional<uint64_t> revision, ScheduleEdit edit, Done<Schedule> done) override {
    const auto found = stored.find(id);
    if (found == stored.end()) return done(fail(Code::not_found, "no schedule"));
    if (revision && *revision != found->second.revision)
      return done(fail(Code::revision_conflict, "not that revision"));
    Schedule changed = found->second;
    if (auto edited = edit(changed); !edited) return done(fail(edited.error()));
    note(std::exchange(changed.audit, nullptr));
    ++changed.revision;
    done(found->second = changed);
  }
  void get(std::string id, Done<std::optional<Schedule>> done) override {
    const auto found = stored.find(id);
    done(found == stored.end() ? std::nullopt : std::optional(found->second));
  }
  void find(ScheduleFilter filter, Done<std::vector<Schedule>> done) override {
    asked = filter;
    std::vector<Schedule> found;
    uint64_t skip = filter.skip;
    for (const auto& [id, schedule] : stored) {
      if (filter.status && schedule.status != *filter.status) continue;
      if (filter.event_type && schedule.event_type != *filter.event_type) continue;
      if (skip > 0) {
        --skip;
      } else if (found.size() < filter.limit) {
        found.push_back(schedule);
      }
    }
    done(std::move(found));
  }
  void remove(std::string id, AuditNote audit, Done<bool> done) override {
    note(audit);
    done(stored.erase(id) > 0);
  }
  void execute(std::string id, Done<Schedule> done) override {
    const auto found = stored.find(id);
    if (found == stored.end()) return done(fail(Code::not_found, "no schedule"));
    executed.push_back(id);
    done(found->second);
  }
  void due(Done<std::vector<Schedule>> done) override { done(std::vector<Schedule>{}); }
  void count(ScheduleFilter filter, Done<uint64_t> done) override {
    filter.skip = 0;
    filter.limit = 1'000;
    find(std::move(filter), [&](const Result<std::vector<Schedule>>& found) { done(found->size()); });
  }
  void to_plan(TimePoint until, size_t limit, Done<std::vector<Schedule>> done) override {
    std::vector<Schedule> found;
    for (const auto& [id, schedule] : stored)
      if (schedule.next_execution && *schedule.next_execution <= until && found.size() < limit)
        found.push_back(schedule);
    done(std::move(found));
  }
};

struct FakeExecutions final : ExecutionStore {
  std::vector<Execution> stored;
  ExecutionFilter asked;

  void append(ExecutionBatch, Done<void> done) override { done({}); }
  void find_executions(ExecutionFilter filter, Done<ExecutionPage> done) override {
    asked = filter;
    ExecutionPage page;
    for (const auto& execution : stored)
      if ((!filter.event_id || execution.event_id == *filter.event_id) &&
          (!filter.state || execution.state == *filter.state))
        page.executions.push_back(execution);
    done(std::move(page));
  }
  void stats(ExecutionFilter filter, Done<ExecutionStats> done) override {
    asked = filter;
    ExecutionStats stats;
    stats.total = 4;
    stats.succeeded = 3;
    stats.failed = 1;
    done(stats);
  }
  void groups(ExecutionFilter, GroupBy, Done<std::vector<ExecutionGroup>> done) override {
    done(std::vector<ExecutionGroup>{{"order.remind", {}}});
  }
  void error_patterns(ExecutionFilter, Done<std::vector<ErrorPattern>> done) override {
    done(std::vector<ErrorPattern>{});
  }
  void expire(RetentionCuts, Done<Expired> done) override { done(Expired{}); }
};

struct FakeLetters final : DeadLetterStore {
  std::map<EventId, DeadLetter> stored;

  void bury(std::vector<DeadLetter> letters, Done<void> done) override {
    for (auto& letter : letters) stored[letter.event.id] = letter;
    done({});
  }
  void get_letter(EventId id, Done<std::optional<DeadLetter>> done) override {
    const auto found = stored.find(id);
    done(found == stored.end() ? std::nullopt : std::optional(found->second));
  }
  void find_letters(DeadLetterFilter filter, Done<DeadLetterPage> done) override {
    DeadLetterPage page;
    for (const auto& [id, letter] : stored)
      if (!filter.reason || letter.reason == *filter.reason) page.letters.push_back(letter);
    done(std::move(page));
  }
  void drop_letters(std::vector<EventId> ids, Done<uint64_t> done) override {
    uint64_t dropped = 0;
    for (const auto& id : ids) dropped += stored.erase(id);
    done(dropped);
  }
  void count_letters(Done<uint64_t> done) override { done(stored.size()); }
};

/// A stream to which the test adds chunks.
struct FakeStream final : FiredStream {
  struct Shared {
    std::mutex mutex;
    std::deque<std::string> chunks;
    std::function<void()> on_ready;
    size_t readers = 0;
  };
  std::shared_ptr<Shared> shared = std::make_shared<Shared>();
  Request asked;

  struct FakeReader final : Reader {
    explicit FakeReader(std::shared_ptr<Shared> its_shared) : shared(std::move(its_shared)) {}
    ~FakeReader() override {
      const std::scoped_lock lock(shared->mutex);
      --shared->readers;
      shared->on_ready = nullptr;
    }
    Result<std::shared_ptr<const std::string>> next() override {
      const std::scoped_lock lock(shared->mutex);
      if (shared->chunks.empty()) return std::shared_ptr<const std::string>();
      auto chunk = std::make_shared<const std::string>(std::move(shared->chunks.front()));
      shared->chunks.pop_front();
      return chunk;
    }
    std::shared_ptr<Shared> shared;
  };
  Result<std::unique_ptr<Reader>> open(Request request, std::function<void()> on_ready) override {
    asked = std::move(request);
    const std::scoped_lock lock(shared->mutex);
    ++shared->readers;
    shared->on_ready = std::move(on_ready);
    return std::make_unique<FakeReader>(shared);
  }
  void push(std::string chunk) const {
    std::function<void()> ready;
    {
      const std::scoped_lock lock(shared->mutex);
      shared->chunks.push_back(std::move(chunk));
      ready = shared->on_ready;
    }
    if (ready) ready();
  }
};

/// Keeps the answer of one call.
struct Answer final : http::ReplySink {
  std::optional<http::Response> response;
  void reply(http::Response given) override {
    CHECK(!response);
    response = std::move(given);
  }
  std::shared_ptr<http::StreamWriter> reply_stream(http::Response head, Task) override {
    response = std::move(head);
    return nullptr;
  }
};

/// The API over fakes.
struct Fixture {
  explicit Fixture(AuthOptions auth = {}) : api(deps(), {}, *Auth::create(std::move(auth))) {}

  FixedClock clock;
  std::unique_ptr<Random> random = seeded_random(1);
  InlineExecutor worker;
  FakeEvents events{clock};
  FakeSchedules schedules;
  FakeExecutions executions;
  FakeLetters letters;
  FakeStream stream;
  std::vector<HealthPart> parts{{.name = "storage"}};
  std::vector<Completion> completions;
  std::vector<Event> redriven;
  Api api;

  ApiDeps deps() {
    ApiDeps deps{.events = events,
                 .schedules = schedules,
                 .executions = executions,
                 .dead_letters = letters,
                 .clock = clock,
                 .random = *random,
                 .worker = worker};
    deps.stream = &stream;
    deps.complete = [this](Completion completion, Done<void> done) {
      completions.push_back(std::move(completion));
      done({});
    };
    deps.redrive = [this](DeadLetter letter, const Edit& edit, Done<Accepted> done) {
      if (auto edited = edit(letter.event); !edited) return done(fail(edited.error()));
      redriven.push_back(letter.event);
      letters.stored.erase(letter.event.id);
      done(Accepted{});
    };
    deps.operations.health = [this] { return parts; };
    deps.operations.sync = [](Done<uint64_t> done) { done(3); };
    deps.operations.cleanup = [](Done<CleanupReport> done) { done(CleanupReport{1, 2, 3, 4}); };
    deps.settings.sources_json = [] {
      return std::string(R"({"schedules_MAX_RETRIES":{"source":"flag","where":"--set"}})");
    };
    deps.settings.value_json = [](std::string_view key) {
      return key == "schedules_MAX_RETRIES" ? std::optional<std::string>("3") : std::nullopt;
    };
    return deps;
  }

  http::Response call(http::Method method, std::string target, std::string body = {}, http::Fields headers = {}) {
    http::Request request;
    request.method = method;
    request.target = std::move(target);
    request.body = std::move(body);
    request.headers = std::move(headers);
    if (!request.has_header("Host")) request.headers.emplace_back("Host", "127.0.0.1:8480");
    request.request_id = "test-id";
    auto answer = std::make_shared<Answer>();
    api.body_limit(request);
    api.dispatch(std::move(request), http::Responder(answer));
    CHECK(answer->response);
    return *answer->response;
  }
  http::Response get(std::string target) { return call(http::Method::get, std::move(target)); }
  http::Response post(std::string target, std::string body = {}, http::Fields headers = {}) {
    return call(http::Method::post, std::move(target), std::move(body), std::move(headers));
  }
};

inline std::string header_of(const http::Response& response, std::string_view name) {
  for (const auto& [key, value] : response.headers)
    if (http::equals_ignoring_case(key, name)) return value;
  return {};
}

/// A minimal event, with more members appended.
inline std::string event_json(std::string_view more = R"("delay_seconds":60)") {
  return fmt::format(R"({{"topic":"t","entity_type":"order","action":"remind"{}{}}})", more.empty() ? "" : ",", more);
}

}  // namespace schedules::api
