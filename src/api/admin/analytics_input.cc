// Records that others post: whole as JSON, or in one of three short forms in the address.
#include "api/admin/analytics.h"
#include "api/query.h"

namespace schedules::api {
namespace {

constexpr int64_t kMaxMs = int64_t{1000} * 86'400 * 36'525;
constexpr int64_t kMaxPartition = INT32_MAX;
constexpr int64_t kMaxRetryCount = 1'000'000;
constexpr size_t kMaxErrorMessage = 16 * 1024;
constexpr std::string_view kTypes = "mongo_periodic, clickhouse_delayed, redis_immediate";
constexpr std::string_view kResults = "success, failure, timeout, cancelled, retry";

/// What is derived from the rest where the caller did not say it.
struct Said {
  bool level = false;
  bool completed = false;
};

void fill_in(AnalyticsRecord& record, Said said, TimePoint now) {
  if (!said.completed) record.completed_at = now;
  if (!said.level && record.result == AnalyticsResult::failure) record.level = AnalyticsLevel::error;
  if (!record.processing) record.processing = std::max(record.completed_at - record.started_at, Duration{});
}

struct Reader {
  AnalyticsRecord& record;
  Faults& faults;
  Said said;

  void read(std::string_view key, const json::Value& value) {
    const auto name = [&](Presence presence) { return faults.name(key, value, presence); };
    const auto required = [&](std::string& place) { place = name(Presence::required).value_or(""); };
    if (key == "schedule_id") required(record.schedule_id);
    if (key == "event_type") required(record.event_type);
    if (key == "event_action") required(record.event_action);
    if (key == "correlation_id") required(record.correlation_id);
    if (key == "schedule_name") record.schedule_name = name(Presence::optional);
    if (key == "event_entity_id") record.entity_id = name(Presence::optional);
    if (key == "processed_by_node") record.node = name(Presence::optional);
    if (key == "kafka_topic") record.topic = name(Presence::optional);
    if (key == "source_mongo_execution_id") record.mongo_execution_id = name(Presence::optional);
    if (key == "source_clickhouse_id") record.clickhouse_id = name(Presence::optional);
    if (key == "source_redis_key") record.redis_key = faults.text(key, value, kMaxErrorBytes);
    if (key == "error_message") record.error = faults.text(key, value, kMaxErrorMessage);
    read_word(key, value);
    read_number(key, value);
    read_time(key, value);
  }

  void read_word(std::string_view key, const json::Value& value) {
    if (key == "schedule_type") {
      record.type = faults.choice(key, value, parse_schedule_type, kTypes).value_or(record.type);
    }
    if (key == "level") {
      said.level = true;
      record.level = faults.choice(key, value, parse_analytics_level, "info, warning, error").value_or(record.level);
    }
    if (key == "execution_result") {
      record.result = faults.choice(key, value, parse_analytics_result, kResults).value_or(record.result);
    }
  }

  void read_number(std::string_view key, const json::Value& value) {
    const auto ms = [&](std::optional<Duration>& place) {
      if (const auto read = faults.integer(key, value, 0, kMaxMs)) place = std::chrono::milliseconds(*read);
    };
    if (key == "time_in_mongo_queue_ms") ms(record.mongo_queue);
    if (key == "time_in_clickhouse_queue_ms") ms(record.clickhouse_queue);
    if (key == "time_in_redis_queue_ms") ms(record.redis_queue);
    if (key == "total_processing_time_ms") ms(record.processing);
    if (key == "kafka_publish_time_ms") ms(record.publish);
    if (key == "retry_count") {
      record.retry_count = static_cast<uint32_t>(faults.integer(key, value, 0, kMaxRetryCount).value_or(0));
    }
    if (key == "kafka_partition") record.partition = faults.integer(key, value, 0, kMaxPartition);
    if (key == "kafka_offset") record.offset = faults.integer(key, value, 0, INT64_MAX);
  }

  void read_time(std::string_view key, const json::Value& value) {
    const auto time = [&](TimePoint& place) { place = faults.time(key, value).value_or(place); };
    if (key == "scheduled_at") time(record.scheduled_at);
    if (key == "started_processing_at") time(record.started_at);
    if (key == "completed_at") {
      said.completed = true;
      time(record.completed_at);
    }
  }
};

/// Parameters of the three short forms.
struct ShortReader {
  Query& query;
  AnalyticsRecord& record;

  std::optional<std::string> text(std::string_view name, size_t limit = kMaxNameChars) {
    auto given = query.text(name);
    if (given && given->size() > limit) query.refuse(Code::too_long, name, fmt::format("may hold {} bytes", limit));
    return given;
  }
  void required(std::string_view name, std::string& place) {
    auto given = text(name);
    if (!given) query.refuse(Code::missing_field, name, "is missing");
    place = std::move(given).value_or("");
  }
  void required(std::string_view name, TimePoint& place) {
    if (!query.text(name)) query.refuse(Code::missing_field, name, "is missing");
    place = query.time(name).value_or(place);
  }
  std::optional<Duration> ms(std::string_view name) {
    const auto given = query.integer(name, 0, kMaxMs);
    return given ? std::optional<Duration>(std::chrono::milliseconds(*given)) : std::nullopt;
  }

  void read_base() {
    required("schedule_id", record.schedule_id);
    required("correlation_id", record.correlation_id);
    required("event_type", record.event_type);
    required("event_action", record.event_action);
    required("scheduled_at", record.scheduled_at);
    required("started_processing_at", record.started_at);
    record.result =
        query.choice("execution_result", parse_analytics_result, kResults).value_or(AnalyticsResult::success);
    record.error = text("error_message", kMaxErrorMessage);
  }
  void read_mongo() {
    record.retry_count = static_cast<uint32_t>(query.integer("retry_count", 0, kMaxRetryCount).value_or(0));
    record.mongo_execution_id = text("source_mongo_execution_id");
  }
  void read_clickhouse() {
    record.clickhouse_queue = ms("time_in_clickhouse_queue_ms");
    record.clickhouse_id = text("source_clickhouse_id");
  }
  void read_redis() {
    record.topic = text("kafka_topic");
    record.partition = query.integer("kafka_partition", 0, kMaxPartition);
    record.offset = query.integer("kafka_offset", 0, INT64_MAX);
    record.publish = ms("kafka_publish_time_ms");
    record.redis_queue = ms("time_in_redis_queue_ms");
    record.redis_key = text("source_redis_key", kMaxErrorBytes);
  }
};

void keep(Context& context, CallPtr call, AnalyticsRecord record, bool whole) {
  record.id = random_id(context.deps.random).text();
  std::string body;
  if (whole) {
    append_record(body, record);
  } else {
    body = fmt::format("\"{}\"", record.id);
  }
  context.deps.analytics->post_records({std::move(record)},
                                       [body = std::move(body), call = std::move(call)](Result<void> kept) mutable {
                                         if (!kept) return call->fail(kept.error());
                                         call->json(201, std::move(body));
                                       });
}

void post(Context& context, CallPtr call) {
  json::Document document;
  if (auto read = document.read(call->request.body); !read) return call->fail(read.error());
  Faults faults;
  auto record = read_analytics(document, context.now(), faults);
  if (faults.any()) return call->fail(faults.error());
  keep(context, std::move(call), std::move(record), true);
}

template <ScheduleType type>
void post_short(Context& context, CallPtr call) {
  auto record = read_short_record(call->request, type, context.now());
  if (!record) return call->fail(record.error());
  keep(context, std::move(call), std::move(*record), false);
}

}  // namespace

AnalyticsRecord read_analytics(const json::Document& document, TimePoint now, Faults& faults) {
  AnalyticsRecord record;
  if (!faults.expect("", document.root(), json::Kind::object)) return record;
  for (const std::string_view name : {"schedule_type", "schedule_id", "event_type", "event_action", "correlation_id",
                                      "scheduled_at", "started_processing_at"}) {
    const auto* value = document.find(name);
    if (value == nullptr || value->kind == json::Kind::null) {
      faults.add(Code::missing_field, name, fmt::format("{} is missing", name));
    }
  }
  Reader reader{record, faults, {}};
  for (const auto& [key, value] : document.members()) {
    if (value.kind != json::Kind::null) reader.read(key, value);
  }
  fill_in(record, reader.said, now);
  return record;
}

Result<AnalyticsRecord> read_short_record(const http::Request& request, ScheduleType type, TimePoint now) {
  Query query(request.query());
  AnalyticsRecord record{.type = type};
  ShortReader reader{query, record};
  reader.read_base();
  if (type == ScheduleType::mongo_periodic) reader.read_mongo();
  if (type == ScheduleType::clickhouse_delayed) reader.read_clickhouse();
  if (type == ScheduleType::redis_immediate) reader.read_redis();
  if (auto status = query.status(); !status) return fail(std::move(status.error()));
  fill_in(record, {}, now);
  return record;
}

void add_analytics_post_routes(Router& router, Context& context) {
  add_analytics_route(router, context, http::Method::post, "", post);
  add_analytics_route(router, context, http::Method::post, "/mongo/execution",
                      post_short<ScheduleType::mongo_periodic>);
  add_analytics_route(router, context, http::Method::post, "/clickhouse/transfer",
                      post_short<ScheduleType::clickhouse_delayed>);
  add_analytics_route(router, context, http::Method::post, "/redis/processing",
                      post_short<ScheduleType::redis_immediate>);
}

}  // namespace schedules::api
