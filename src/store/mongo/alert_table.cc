#include "store/mongo/alert_table.h"

#include "base/log.h"
#include "store/mongo/field_reader.h"
#include "store/mongo/layout.h"

namespace schedules {
namespace {

using mongo::Array;
using mongo::Document;
using mongo::Value;

constexpr int64_t kTold = static_cast<uint8_t>(AlertNews::none);

std::string id_of(const std::string& schedule_id, AlertKind kind) {
  return fmt::format("{}:{}", schedule_id, to_string(kind));
}

Value micros_or_null(const std::optional<TimePoint>& time) { return time ? Value(to_micros(*time)) : Value(nullptr); }

Document fields_of(const Alert& alert) {
  return {{"schedule_id", alert.schedule_id},
          {"schedule_name", alert.schedule_name},
          {"kind", to_string(alert.kind)},
          {"open", !alert.recovered_at.has_value()},
          {"opened_at", alert.opened_at},
          {"recovered_at", alert.recovered_at},
          {"since_us", to_micros(alert.since)},
          {"opened_us", to_micros(alert.opened_at)},
          {"recovered_us", micros_or_null(alert.recovered_at)},
          {"reason", alert.reason},
          {"error", alert.error},
          {"failures", alert.failures},
          {"url", alert.url},
          {"news", int64_t{static_cast<uint8_t>(alert.news)}},
          {"attempts", int64_t{alert.attempts}},
          {"next_try_us", to_micros(alert.next_try_at)},
          {"told_us", micros_or_null(alert.told_at)},
          {"tell_error", alert.tell_error}};
}

Result<Alert> read_alert(std::string_view document) {
  Alert alert;
  FieldReader fields(document);
  const auto time = [&](std::string_view name, TimePoint& value) {
    int64_t us = 0;
    fields.number(name, us);
    value = from_micros(us);
  };
  const auto optional_time = [&](std::string_view name, std::optional<TimePoint>& value) {
    if (fields.find(name) != nullptr) time(name, value.emplace());
  };
  fields.text("schedule_id", alert.schedule_id);
  fields.text("schedule_name", alert.schedule_name);
  fields.word("kind", alert.kind, parse_alert_kind);
  time("since_us", alert.since);
  time("opened_us", alert.opened_at);
  optional_time("recovered_us", alert.recovered_at);
  fields.text("reason", alert.reason);
  fields.text("error", alert.error);
  fields.number("failures", alert.failures);
  fields.text("url", alert.url);
  uint8_t news = 0;
  fields.number("news", news);
  if (news > static_cast<uint8_t>(AlertNews::recovered)) fields.add_fault("news has the unknown value {}", news);
  alert.news = static_cast<AlertNews>(news);
  fields.number("attempts", alert.attempts);
  time("next_try_us", alert.next_try_at);
  optional_time("told_us", alert.told_at);
  fields.text("tell_error", alert.tell_error);
  fields.number("version", alert.version);
  if (!fields.fault().empty()) return fail(Code::corrupt, "an alert in MongoDB: {}", fields.fault());
  return alert;
}

Result<Document> filter_of(const AlertFilter& filter) {
  Document out;
  if (filter.schedule_id) out.add("schedule_id", *filter.schedule_id);
  if (filter.kind) out.add("kind", to_string(*filter.kind));
  if (filter.open) out.add("open", *filter.open);
  Array all;
  if (filter.current) {
    const Document told_all{{"$gt", kTold}};
    all.add(Document{{"$or", Array{Document{{"open", true}}, Document{{"news", told_all}}}}});
  }
  if (!filter.cursor.empty()) {
    const auto after = parse_alert_cursor(filter.cursor);
    if (!after) return fail(after.error());
    const int64_t us = to_micros(after->opened_at);
    const auto id = id_of(after->schedule_id, after->kind);
    all.add(Document{{"$or", Array{Document{{"opened_us", Document{{"$lt", us}}}},
                                   Document{{"opened_us", us}, {"_id", Document{{"$lt", id}}}}}}});
  }
  if (filter.current || !filter.cursor.empty()) out.add("$and", all);
  return out;
}

Result<bool> save(mongo::Connection& mongo, const Alert& alert) {
  const auto id = id_of(alert.schedule_id, alert.kind);
  const bool fresh = alert.version == 0;
  // Where there is one that does not give way, the upsert would make a second one of its _id.
  const Document gives_way{{"_id", id}, {"open", false}, {"news", kTold}};
  const mongo::Write write{.filter = fresh ? gives_way : Document{{"_id", id}, {"version", alert.version}},
                           .document = {{"$set", fields_of(alert)}, {"$inc", Document{{"version", int64_t{1}}}}},
                           .upsert = fresh};
  auto written = mongo.write(collections::kAlerts, {&write, 1}, mongo::Order::ordered);
  if (written) return fresh || written->matched > 0;
  if (fresh && written.error().code == Code::already_exists) return false;
  return fail(std::move(written.error()));
}

}  // namespace

Result<AlertPage> find_alerts(mongo::Connection& mongo, const AlertFilter& filter) {
  auto where = filter_of(filter);
  if (!where) return fail(std::move(where.error()));
  AlertPage page;
  size_t seen = 0;
  auto done = mongo.find({.collection = collections::kAlerts,
                          .filter = std::move(*where),
                          .sort = {{"opened_us", -1}, {"_id", -1}},
                          .projection = {},
                          .limit = filter.limit + 1},
                         [&](std::string_view document) -> Status {
                           // One more was asked for than fits, only to learn whether there is one.
                           if (++seen > filter.limit) {
                             if (!page.alerts.empty()) page.next_cursor = cursor_of(page.alerts.back());
                             return {};
                           }
                           auto alert = read_alert(document);
                           if (alert) {
                             page.alerts.push_back(std::move(*alert));
                           } else {  // another program's: it must not hide the others
                             log::error("mongo.alert_unreadable", {{"error", alert.error().detail}});
                           }
                           return {};
                         });
  if (!done) return fail(std::move(done.error()));
  return page;
}

Result<std::vector<bool>> save_alerts(mongo::Connection& mongo, const std::vector<Alert>& alerts) {
  std::vector<bool> saved;
  for (const auto& alert : alerts) {
    const auto one = save(mongo, alert);
    if (!one) return fail(one.error());
    saved.push_back(*one);
  }
  return saved;
}

Result<uint64_t> forget_alerts(mongo::Connection& mongo, TimePoint before) {
  auto removed = mongo.remove(
      collections::kAlerts, {{"open", false}, {"news", kTold}, {"recovered_us", Document{{"$lt", to_micros(before)}}}});
  if (!removed) return fail(std::move(removed.error()));
  return removed->removed;
}

}  // namespace schedules
